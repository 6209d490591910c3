// `npm test [-- --runtime node|deno|bun|node22|node:/path] [file or folder…]`: the suite on one runtime, by default the
// one this script runs in.
import { parseArgs } from "node:util";
import { describeResult, runSuite } from "./testing/run_suite.ts";
import { currentRuntime, findRuntime } from "./testing/runtime.ts";
import { testFiles } from "./testing/test_files.ts";
import { requireBroker, withBroker } from "./testing/with_broker.ts";

const { values, positionals } = parseArgs({
  options: { runtime: { type: "string" } },
  allowPositionals: true,
});
const files = testFiles(positionals);
if (files.length === 0) {
  console.error(
    `Cannot run the tests as no file matches: ${positionals.join(" ") || "tests/**/*.test.ts"}`,
  );
  process.exit(1);
}
try {
  const runtime =
    values.runtime === undefined ? currentRuntime() : await findRuntime(values.runtime);
  const result = await withBroker((broker) => runSuite({ runtime, files, broker, requireBroker }));
  console.log(`\n${describeResult(result)}\n${result.passed} passed, ${result.failed} failed`);
  process.exitCode = result.code;
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
