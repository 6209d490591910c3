import { getEventListeners } from "node:events";

import * as v from "valibot";

import type { RPCClient } from "../../mod.ts";
import { BgtasksError } from "../../mod.ts";
import { Bench } from "../support/adapters.ts";
import { PrivateBroker } from "../support/private_broker.ts";
import { waitFor } from "../support/wait_for.ts";
import { countMessages } from "./drain_scenario.ts";
import { megabytes, usedHeap } from "./heap.ts";
import type { Report } from "./report.ts";

export interface SoakOptions {
  readonly calls: number;
}

/** How many calls are out at a time. */
const LOOPS = 200;

/** Makes calls of every kind, those that fail too, and looks for what they leave behind. */
export async function soak(report: Report, { calls }: SoakOptions): Promise<void> {
  const warmUp = Math.min(100_000, Math.ceil(calls / 10));
  await using broker = await PrivateBroker.start();
  const timersBefore = countTimers();
  const warnings: string[] = [];
  const onWarning = ({ name }: Error): void => void warnings.push(name);
  process.on("warning", onWarning);
  const heapAtFirst = await usedHeap();
  const bench = new Bench(broker.settings, false);
  const routes = defineTasks(bench);
  const worker = await bench.worker({ concurrency: 500 });
  const client = bench.client();
  const forever = new AbortController();
  const kinds = new Kinds(client, routes, forever.signal);

  await kinds.run(warmUp);
  await waitFor(() => worker.running === 0, "handlers to end");
  const heapBefore = await usedHeap();
  const listenersBefore = getEventListeners(forever.signal, "abort").length;
  const since = performance.now();
  const total = calls - warmUp;
  for (let done = 0; done < total;) {
    const step = Math.min(100_000, total - done);
    await kinds.run(step);
    done += step;
    console.log(`  ${warmUp + done} calls, heap ${megabytes(await usedHeap())} MB`);
  }
  const seconds = (performance.now() - since) / 1_000;
  await waitFor(() => worker.running === 0, "handlers to end");
  const heapAfter = await usedHeap();

  report.tell("calls", calls);
  for (const [kind, count] of kinds.counts) report.tell(`ended as ${kind}`, count);
  report.exactly("ended otherwise than they should", kinds.unexpected, 0);
  report.tell("calls per second, all kinds", Math.round(total / seconds));
  report.tell("heap before the first call", `${megabytes(heapAtFirst)} MB`);
  report.tell(`heap after ${warmUp.toLocaleString("en")} calls`, `${megabytes(heapBefore)} MB`);
  report.tell("heap after all", `${megabytes(heapAfter)} MB`);
  report.atMost("growth", (heapAfter / heapBefore - 1) * 100, 10, " %");
  report.exactly("listeners on a signal that all calls share", listenersBefore, 0);
  report.exactly("… in the end", getEventListeners(forever.signal, "abort").length, 0);
  process.off("warning", onWarning);
  report.exactly("warnings of the runtime", warnings.length, 0);
  report.exactly("handlers that still run", worker.running, 0);
  const channels = await broker.node.ctl("-q", "list_channels", "pid", "--no-table-headers");
  // The client's one, the worker's of each route.
  report.atMost("channels", lines(channels), 1 + routes.length);
  let left = 0;
  for (const route of routes.served) left += await countMessages(broker, route);
  report.exactly("messages left in queues", left, 0);
  await bench[Symbol.asyncDispose]();
  const { connections, queues } = await broker.node.inventory();
  report.exactly("connections after closing", connections.length, 0);
  // A route's queue stays, so that calls wait for its worker.
  report.exactly("queues besides those of the routes", queues.length - routes.length, 0);
  report.atMost("timers more than before", countTimers() - timersBefore, 0);
}

interface Routes {
  readonly echo: string;
  readonly slow: string;
  readonly failing: string;
  readonly picky: string;
  readonly missing: string;
  readonly served: readonly string[];
  readonly length: number;
}

function defineTasks(bench: Bench): Routes {
  const [echo, slow, failing, picky] = ["echo", "slow", "failing", "picky"].map((name) =>
    bench.route(name),
  ) as [string, string, string, string];
  bench.registry(echo, (input: unknown) => input);
  bench.registry(slow, async (_: unknown, { signal }) => {
    await new Promise((resolve) => signal.addEventListener("abort", resolve));
    // So that the caller's own clock, a little later than ours, is over too.
    await new Promise((resolve) => setTimeout(resolve, 100));
  });
  bench.registry(failing, () => {
    throw new Error("as it should");
  });
  bench.registry(picky, { input: v.object({ id: v.number() }) }, ({ id }) => id);
  const served = [echo, slow, failing, picky];
  return { echo, slow, failing, picky, missing: bench.route("missing"), served, length: 4 };
}

/** Calls of several kinds, each with the end that it has to have. */
class Kinds {
  readonly counts = new Map<string, number>();
  unexpected = 0;
  readonly #client: RPCClient;
  readonly #routes: Routes;
  readonly #signal: AbortSignal;
  #last = 0;

  constructor(client: RPCClient, routes: Routes, signal: AbortSignal) {
    this.#client = client;
    this.#routes = routes;
    this.#signal = signal;
  }

  /** Makes so many calls and waits for their ends. */
  async run(calls: number): Promise<void> {
    const end = this.#last + calls;
    const loop = async (): Promise<void> => {
      while (this.#last < end) await this.#one(++this.#last);
    };
    await Promise.all(Array.from({ length: LOOPS }, loop));
  }

  async #one(n: number): Promise<void> {
    const { echo, slow, failing, picky, missing } = this.#routes;
    const client = this.#client;
    if (n % 1_000 === 7)
      return this.#expect("timeout", client.call(slow, n, { timeout: 30, signal: this.#signal }));
    if (n % 500 === 13) return this.#abort(n);
    if (n % 100 === 17) return this.#expect("no_route", client.call(missing, n));
    if (n % 100 === 37) return this.#expect("internal", client.call(failing, n));
    if (n % 100 === 57) return this.#expect("invalid_input", client.call(picky, { id: "none" }));
    const options = n % 10 === 3 ? { signal: this.#signal, retry: true, headers: { n } } : {};
    const reply = await client.call(echo, { n, text: "some text" }, options).catch(() => undefined);
    this.#count(isEcho(reply, n) ? "the right answer" : "a wrong answer");
    if (!isEcho(reply, n)) this.unexpected++;
  }

  async #abort(n: number): Promise<void> {
    const controller = new AbortController();
    const call = this.#client.call(this.#routes.slow, n, {
      signal: controller.signal,
      timeout: 100,
    });
    controller.abort(new BgtasksError("aborted", "by the caller"));
    await this.#expect("aborted", call);
  }

  async #expect(code: string, call: Promise<unknown>): Promise<void> {
    const error = await call.catch((reason: unknown) => reason);
    const seen = error instanceof BgtasksError ? error.code : "an answer";
    this.#count(seen);
    if (seen !== code) this.unexpected++;
  }

  #count(kind: string): void {
    this.counts.set(kind, (this.counts.get(kind) ?? 0) + 1);
  }
}

function isEcho(reply: unknown, n: number): boolean {
  return typeof reply === "object" && reply !== null && "n" in reply && reply.n === n;
}

function lines(text: string): number {
  return text.split("\n").filter((line) => line.trim() !== "").length;
}

/** Timers that this process waits for. */
function countTimers(): number {
  return process.getActiveResourcesInfo().filter((kind) => kind === "Timeout").length;
}
