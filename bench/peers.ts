// `npm run bench -- peers`: this library against its peers and against the limit, on a broker.
import { findBroker, howToGetABroker } from "../scripts/broker/find_broker.ts";
import { onInterrupt } from "../scripts/cleanup.ts";
import { currentRuntime, findRuntime } from "../scripts/testing/runtime.ts";
import { type Options, readOptions, usage } from "./options.ts";
import { describeMachine } from "./report/machine.ts";
import { toMarkdown } from "./report/markdown.ts";
import { summarize } from "./report/results.ts";
import { writeResults } from "./report/write_results.ts";
import { Measurement } from "./runner/measure.ts";
import { fullPlan, quickPlan } from "./runner/plan.ts";
import { removeQueues } from "./runner/remove_queues.ts";

async function main(options: Options): Promise<void> {
  const runtime =
    options.runtime === undefined ? currentRuntime() : await findRuntime(options.runtime);
  const broker = await findBroker();
  if (!broker) throw new Error(`Cannot run the benchmark without a broker: ${howToGetABroker}`);
  const routes: string[] = [];
  const forget = onInterrupt(async () => {
    await removeQueues(broker.url, routes);
    await broker.stop();
  });
  try {
    const machine = await describeMachine(runtime, broker.url);
    console.error(`${machine.runtime}, ${machine.broker}, ${machine.cpu}, ${machine.cores} cores`);
    const plan = options.quick ? quickPlan : fullPlan;
    const measurement = new Measurement(broker.url, runtime, plan, routes);
    const start = performance.now();
    const tell = (what: string): void =>
      console.error(`${((performance.now() - start) / 1_000).toFixed(0).padStart(4)} s  ${what}`);
    try {
      for (const payload of options.payloads) {
        for (const mode of ["two", "one"] as const) {
          tell(`${payload.title}, ${mode} process${mode === "two" ? "es" : ""}`);
          await measurement.drive(options.rows, payload, mode);
        }
      }
      tell("memory of pending calls");
      await measurement.hold(options.rows);
    } finally {
      await removeQueues(broker.url, routes);
    }
    tell("done");
    const command = ["npm run bench", ...process.argv.slice(2)]
      .join(" ")
      .replace("bench -", "bench -- -");
    const about = { date: new Date().toISOString(), command, machine };
    const results = summarize(measurement, options.rows, about);
    console.log(toMarkdown(results));
    console.error(`written: ${writeResults(results, options.complete)}`);
    if (results.failures.some(({ row }) => row === "limit" || row === "bgtasks"))
      process.exitCode = 1;
  } finally {
    forget();
    await broker.stop();
  }
}

try {
  await main(readOptions(process.argv.slice(2)));
} catch (error) {
  console.error(error instanceof Error ? error.message : error, `\n${usage}`);
  process.exitCode = 1;
}
