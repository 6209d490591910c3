// `npm test [-- --runtime NAME[,NAME…]] [file or folder…]`: the suite on the runtime that this script runs in, or on those
// that are named: node, deno, bun, node22, node:/path, or `all` for Node 20, the newest Node, Deno and Bun.
import { parseArgs } from "node:util";
import { withBuiltCommand } from "./testing/build_command.ts";
import { describeResult } from "./testing/run_suite.ts";
import { runSuites } from "./testing/run_suites.ts";
import { currentRuntime, findRuntime, type Runtime } from "./testing/runtime.ts";
import { testFiles } from "./testing/test_files.ts";
import { requireBroker } from "./testing/with_broker.ts";
import { ensureTools, newestNode, tools } from "./tools/tools.ts";

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
  const runtimes = await findRuntimes(values.runtime);
  const results = await withBuiltCommand((build) =>
    runSuites(runtimes, { files, build, requireBroker }),
  );
  const passed = results.reduce((sum, result) => sum + result.passed, 0);
  const failed = results.reduce((sum, result) => sum + result.failed, 0);
  // The last thing that is printed is what a log cut short still has.
  for (const { name, problems } of results)
    for (const problem of problems) console.error(`\nFAILED on ${name}: ${problem}`);
  console.log(`\n${results.map(describeResult).join("\n")}\n${passed} passed, ${failed} failed`);
  process.exitCode = results.find(({ code }) => code !== 0)?.code ?? 0;
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}

async function findRuntimes(wanted: string | undefined): Promise<readonly Runtime[]> {
  if (wanted === undefined) return [currentRuntime()];
  const names = wanted === "all" ? ["node20", newestNode, "deno", "bun"] : wanted.split(",");
  await ensureTools(names.filter((name) => Object.hasOwn(tools, name)));
  return Promise.all(names.map(findRuntime));
}
