import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import type { Broker } from "../broker/broker.ts";
import { isLeaving, onInterrupt } from "../cleanup.ts";
import { inProject, projectRoot } from "../project.ts";
import { runCommand } from "../run_command.ts";
import { readJUnitReport, type TestFailure } from "./junit_report.ts";
import { leftOvers } from "./left_overs.ts";
import type { Runtime } from "./runtime.ts";
import { filesForAnotherNode } from "./test_files.ts";

/** A file that runs longer hangs, most often on a connection or a timer somebody left open. In ms. */
const fileTimeout = Number(process.env["BGTASKS_FILE_TIMEOUT"] ?? 120_000);
/** The same for the whole run on one runtime; Deno and Bun know no other limit. In ms. */
const runTimeout = Number(process.env["BGTASKS_RUN_TIMEOUT"] ?? 1_200_000);

/** What Node loads before a test file. Not tsx, which takes longer to load than most of the files. */
const preloaded = [
  "bench/runtime/strip_types.mjs",
  "tests/support/source_library.mjs",
  "scripts/testing/end_of_file.mjs",
].flatMap((file) => ["--import", inProject(file)]);

export interface SuiteOptions {
  readonly runtime: Runtime;
  readonly files: readonly string[];
  readonly broker: Broker | undefined;
  /** Where the command was built for the tests on Node. */
  readonly build: string;
  /** A skipped broker test is a failure. */
  readonly requireBroker: boolean;
  /** Others run and write beside it: it shows its output in the end, and takes one file at a time. @default false */
  readonly isBeside?: boolean;
}

export interface SuiteResult {
  /** The runtime with its version. */
  readonly name: string;
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  readonly seconds: number;
  /** What went wrong: each test that failed, what was left behind, what hung. */
  readonly problems: readonly string[];
  /** Exit code of the runner, or 1 when only we found something wrong. */
  readonly code: number;
}

/** Runs the test files on one runtime, shows its output and counts from its JUnit report. */
export async function runSuite({
  runtime,
  files: given,
  broker,
  build,
  requireBroker,
  isBeside = false,
}: SuiteOptions): Promise<SuiteResult> {
  const wasRunBefore = runtime.kind === "node" && process.env["BGTASKS_SKIP_LONG"] === "1";
  const files = wasRunBefore ? filesForAnotherNode(given) : given;
  const name = await describeRuntime(runtime);
  const folder = mkdtempSync(join(tmpdir(), "bgtasks-test-"));
  const removeFolder = (): void => rmSync(folder, { recursive: true, force: true });
  const forget = onInterrupt(async () => removeFolder());
  const report = join(folder, "report.xml");
  console.log(`\n== ${name}: ${files.length} test files`);
  const before = await broker?.inventory?.();
  const start = Date.now();
  // Much of it is waiting: one more than there are processors is not too many.
  const atATime = isBeside ? 1 : availableParallelism() + 1;
  const args = runnerArguments(runtime.kind, files, report, atATime);
  const { code, output } = await runCommand(runtime.command, args, {
    cwd: projectRoot,
    env: testEnvironment(broker, build),
    show: !isBeside,
    timeout: runTimeout,
  });
  // The broker is being stopped: nothing that follows would mean anything.
  if (isLeaving()) return new Promise<never>(() => {});
  const seconds = (Date.now() - start) / 1_000;
  if (isBeside) console.log(`\n== ${name}\n${output}`);
  const counts = readJUnitReport(existsSync(report) ? readFileSync(report, "utf8") : "");
  removeFolder();
  forget();

  const problems: string[] = [];
  // Neither a module that does not load nor a runner that was ended has a place in a report.
  if (code !== 0 && counts.failed === 0)
    problems.push(`ended with code ${code} outside of a test:\n${lastLines(output)}`);
  if (seconds * 1_000 >= runTimeout) problems.push(`stopped after ${seconds} s as it hangs`);
  if (counts.passed + counts.failed === 0) problems.push("no test was run");
  if (requireBroker)
    problems.push(
      ...counts.brokerSkips.map((test) => `skipped though a broker is required: ${test}`),
    );
  if (before !== undefined && broker?.inventory !== undefined) {
    const { queues, connections } = await leftOvers(
      before,
      () => broker.inventory?.() ?? Promise.resolve(before),
    );
    problems.push(...queues.map((queue) => `left on the broker: queue ${queue}`));
    problems.push(
      ...connections.map((connection) => `left on the broker: connection ${connection}`),
    );
    if (queues.length + connections.length === 0)
      console.log("broker left clean: 0 queues, 0 connections");
  } else if (broker !== undefined) {
    console.log(`broker not searched for left-overs, as others may use it (${broker.origin})`);
  }

  const failed = counts.failed + problems.length;
  return {
    name,
    passed: counts.passed,
    failed,
    skipped: counts.skipped,
    seconds,
    problems: [...counts.failures.map(describeFailure), ...problems],
    code: code === 0 && failed > 0 ? 1 : code,
  };
}

export function describeResult({ name, passed, failed, skipped, seconds }: SuiteResult): string {
  return `${name}: ${passed} passed, ${failed} failed, ${skipped} skipped (${seconds.toFixed(1)} s)`;
}

/** How much of a failure stands beside its name; the rest is in the runner's own output. */
const failureLines = 25;

function describeFailure({ name, text }: TestFailure): string {
  const lines = text.split("\n");
  const more = lines.length > failureLines ? ["…"] : [];
  return [name, ...lines.slice(0, failureLines), ...more].join("\n  ");
}

function lastLines(output: string): string {
  return output.trimEnd().split("\n").slice(-failureLines).join("\n");
}

async function describeRuntime({ kind, command }: Runtime): Promise<string> {
  const { code, stdout, output } = await runCommand(command, ["--version"]);
  if (code !== 0) throw new Error(`Cannot run ${command}: ${output}`);
  const version = /\d+\.\d+\.\d+\S*/.exec(stdout)?.[0] ?? "of unknown version";
  return `${{ node: "Node", deno: "Deno", bun: "Bun" }[kind]} ${version}`;
}

function runnerArguments(
  kind: Runtime["kind"],
  files: readonly string[],
  report: string,
  atATime: number,
): string[] {
  switch (kind) {
    case "node": {
      const reporters = [
        ["spec", "stdout"],
        ["junit", report],
      ].flatMap(([reporter, destination]) => [
        `--test-reporter=${reporter}`,
        `--test-reporter-destination=${destination}`,
      ]);
      return [
        ...["--enable-source-maps", ...preloaded, "--test", `--test-timeout=${fileTimeout}`],
        // Deno and Bun know one file at a time alone.
        `--test-concurrency=${atATime}`,
        ...reporters,
        ...files,
      ];
    }
    case "deno":
      // Types are checked by `npm run check`; a test file must not fail for a second compiler's opinion.
      return ["test", "--allow-all", "--no-check", `--junit-path=${report}`, ...files];
    case "bun":
      // --isolate gives each file modules and globals of its own, as Node and Deno do. Without "./" Bun takes a file name for a filter.
      return [
        "test",
        "--isolate",
        "--timeout",
        "30000",
        "--reporter=junit",
        `--reporter-outfile=${report}`,
        ...files.map((file) => `./${file}`),
      ];
  }
}

/**
 * Our environment without what would configure the library, plus the broker's address and whether it is the tests' own:
 * on such a one they may leave the queues of delays, which everybody shares.
 */
function testEnvironment(broker: Broker | undefined, build: string): NodeJS.ProcessEnv {
  const own = Object.entries(process.env).filter(
    ([name]) =>
      !name.startsWith("AMQP_") &&
      !["ENVIRONMENT", "BGTASKS_TEST_AMQP_URL", "NODE_TEST_CONTEXT"].includes(name),
  );
  return {
    ...Object.fromEntries(own),
    BGTASKS_TEST_BUILD: build,
    // Most files load the whole library: what Node makes of it once serves them all.
    BGTASKS_TRANSFORMED: build,
    NODE_COMPILE_CACHE: join(build, "compiled"),
    ...(broker === undefined ? {} : { BGTASKS_TEST_AMQP_URL: broker.url }),
    ...(broker?.inventory === undefined ? {} : { BGTASKS_TEST_OWN_BROKER: "1" }),
  };
}
