// `npm run check -- asyncapi`: what `bgtasks docs` writes is an AsyncAPI document, by the judgement of AsyncAPI's own parser.
import { createRequire } from "node:module";

import { asyncAPI } from "../src/cli/docs/async_api.ts";
import { oddJobs, oddTasks } from "../tests/cli/docs/odd_tasks.ts";
import { mustRun } from "./package/steps.ts";
import { inProject } from "./project.ts";

/** As far as this uses it. */
interface ParserModule {
  readonly Parser: new () => {
    parse(text: string): Promise<{
      readonly document?: { operations(): { all(): readonly unknown[] } };
      readonly diagnostics: readonly Diagnostic[];
    }>;
  };
}

interface Diagnostic {
  /** 0 is an error, 1 a warning, more is advice. */
  readonly severity: number;
  readonly message: string;
  readonly path: readonly (string | number)[];
}

const folder = inProject("scripts/asyncapi");
const options = ["--no-audit", "--no-fund", "--silent", "--ignore-scripts", "--no-package-lock"];
await mustRun("npm", ["install", "--prefix", folder, ...options]);
const require = createRequire(`${folder}/package.json`);
const { Parser } = require("@asyncapi/parser") as ParserModule;

const [tasks, jobs] = [oddTasks(), oddJobs()];
const expected = tasks.length + jobs.length;
const text = JSON.stringify(asyncAPI({ title: "odd", version: "1.0.0" }, tasks, jobs));
const { document, diagnostics } = await new Parser().parse(text);
const found = diagnostics.filter(({ severity }) => severity <= 1);
for (const { path, message } of found) console.error(`${path.join("/")}: ${message}`);
const operations = document?.operations().all().length ?? 0;
if (operations !== expected)
  console.error(`${operations} operations of ${expected} tasks and jobs`);
if (found.length > 0 || operations !== expected) process.exitCode = 1;
else console.log(`valid, with ${operations} operations`);
