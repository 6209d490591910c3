// `npm run test:all [-- runtime…]`: the suite on several runtimes in turn, against one broker.
import { describeResult, runSuite, type SuiteResult } from "./testing/run_suite.ts";
import { findRuntime, type Runtime } from "./testing/runtime.ts";
import { testFiles } from "./testing/test_files.ts";
import { requireBroker, withBroker } from "./testing/with_broker.ts";
import { ensureTools, newestNode, tools } from "./tools/tools.ts";

const given = process.argv.slice(2);
const names = given.length > 0 ? given : ["node20", newestNode, "deno", "bun"];
try {
  const runtimes: Runtime[] = [];
  await ensureTools(names.filter((name) => name in tools));
  for (const name of names) runtimes.push(await findRuntime(name));
  const results = await withBroker(async (broker) => {
    const all: SuiteResult[] = [];
    for (const runtime of runtimes) {
      all.push(await runSuite({ runtime, files: testFiles([]), broker, requireBroker }));
    }
    return all;
  });
  const sum = (count: (result: SuiteResult) => number): number =>
    results.reduce((total, result) => total + count(result), 0);
  console.log(`\n${results.map(describeResult).join("\n")}`);
  console.log(`${sum(({ passed }) => passed)} passed, ${sum(({ failed }) => failed)} failed`);
  process.exitCode = results.some(({ code }) => code !== 0) ? 1 : 0;
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
