import { writeFile } from "node:fs/promises";
import { basename } from "node:path";
import process from "node:process";

import { Command, Option } from "commander";

import { asyncAPI } from "./async_api.ts";
import { describeJob, describeTask } from "./described_task.ts";
import { countTasks, htmlPage } from "./html_page.ts";
import { readProjectInfo } from "./project_info.ts";
import { CommandFailure, ExitCode } from "../terminal/exit_code.ts";
import { findTasksAndJobs } from "../project/found_tasks.ts";
import { tasksOption } from "../terminal/options.ts";
import { print, printable, printAside } from "../terminal/output.ts";

interface DocsCommandOptions {
  readonly tasks?: readonly string[];
  readonly format?: "json" | "html";
  readonly json?: boolean;
  readonly out?: string;
}

/** `bgtasks docs` */
export function docsCommand(): Command {
  return new Command("docs")
    .description(
      "Describe the tasks and jobs found here, as an AsyncAPI document or as a page for people.",
    )
    .addOption(tasksOption())
    .addOption(
      new Option(
        "-f, --format <format>",
        "json, an AsyncAPI 3 document, or html, one page that needs nothing else (default: by the file's name, or json)",
      ).choices(["json", "html"]),
    )
    .option("-o, --out <file>", "write to a file instead of standard output")
    .addOption(new Option("--json", "the same as --format json").conflicts("format"))
    .addHelpText(
      "after",
      `
Examples:
  $ bgtasks docs --out tasks.html
  $ bgtasks docs --out asyncapi.json
  $ bgtasks docs --tasks "services/*/tasks.ts" | jq '.operations | keys'

Title and version are those of the package.json or deno.json in the working directory.
Exit codes: 0 written, 1 no tasks found, one of their modules fails, or the file cannot be written,
2 wrong usage.`,
    )
    .action(run);
}

async function run({ tasks, format, json, out }: DocsCommandOptions): Promise<void> {
  refuseOtherEndings(out, format ?? (json ? "json" : undefined));
  const found = await findTasksAndJobs(tasks, "describe tasks");
  const described = [found.tasks.map(describeTask), found.jobs.map(describeJob)] as const;
  const info = await readProjectInfo(process.cwd());
  const kind = format ?? (!json && out?.endsWith(".html") ? "html" : "json");
  const text =
    kind === "html"
      ? htmlPage(info, ...described)
      : `${JSON.stringify(asyncAPI(info, ...described), null, 2)}\n`;
  if (out === undefined) await print(text.trimEnd());
  else await write(out, text, `${countTasks(...described)} described in ${out}`);
  process.exit(ExitCode.OK);
}

/** A file named for a format that is not written here would hold something else than its name says. */
function refuseOtherEndings(out: string | undefined, format: string | undefined): void {
  if (out === undefined || format !== undefined || /\.(?:json|html)$|^[^.]+$/.test(basename(out)))
    return;
  const rule = "its name must end in .json or .html, or --format must say what it is";
  throw new CommandFailure(ExitCode.USAGE, `Cannot write ${printable(out)} as ${rule}`);
}

async function write(out: string, text: string, done: string): Promise<void> {
  try {
    await writeFile(out, text);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new CommandFailure(ExitCode.FAILED, `Cannot write ${out}: ${reason}`);
  }
  await printAside(done);
}
