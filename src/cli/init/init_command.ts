import { mkdir, readdir, writeFile } from "node:fs/promises";
import { basename, dirname, join, relative, resolve } from "node:path";
import process from "node:process";

import { Command } from "commander";

import { CommandFailure, ExitCode } from "../terminal/exit_code.ts";
import type { RuntimeKit } from "./runtime_kit.ts";
import { runtimeKit } from "./runtime_kit.ts";
import { starterFiles } from "./starter_files.ts";
import { jsonOption } from "../terminal/options.ts";
import { columns, print, printable } from "../terminal/output.ts";

/** How many of the files that are in the way are named. */
const MAX_NAMED = 10;

/**
 * `bgtasks init`
 *
 * @param starter where this package keeps the files of a new project
 */
export function initCommand(starter: URL): Command {
  return new Command("init")
    .description("Write a project of two services that works at once, for this runtime.")
    .argument("[folder]", "where to; made when missing, and it has to be empty", ".")
    .addOption(jsonOption())
    .addHelpText(
      "after",
      `
Examples:
  $ bgtasks init shop
  $ bgtasks init shop --json | jq -r '.next[]'

The runtime that runs the command is the project's: Node, Deno or Bun.
Exit codes: 0 written, 1 the folder is not empty or cannot be written, 2 wrong usage.`,
    )
    .action((folder: string, options: { readonly json?: boolean }) =>
      run(starter, folder, options),
    );
}

async function run(
  starter: URL,
  given: string,
  { json }: { readonly json?: boolean },
): Promise<void> {
  const folder = resolve(given);
  const kit = runtimeKit();
  const files = await starterFiles(starter, kit, projectName(folder));
  await refuseFilled(folder, given);
  try {
    for (const [name, text] of files) {
      const path = join(folder, name);
      await mkdir(dirname(path), { recursive: true });
      // What somebody else wrote since we looked is not overwritten.
      await writeFile(path, text, { flag: "wx" });
    }
  } catch (error) {
    throw cannotWrite(given, error);
  }
  const steps = nextSteps(folder, kit);
  const names = [...files.keys()];
  if (json) {
    const next = steps.map(([command]) => command);
    await print(JSON.stringify({ folder, runtime: kit.name, files: names, next }, null, 2));
  } else {
    const list = names.map((name) => `  ${name}`).join("\n");
    await print(
      printable(
        `Two services for ${kit.name}, in ${folder}:\n${list}\n\nTo run them:\n${columns(steps)}`,
      ),
    );
  }
}

/** The commands that lead to the first call, and what they are for. */
function nextSteps(folder: string, { install, run }: RuntimeKit): [string, string][] {
  const way = relative(process.cwd(), folder);
  const enter: [string, string][] =
    way === "" ? [] : [[`cd ${/^[\w./-]+$/.test(way) ? way : JSON.stringify(way)}`, ""]];
  return [
    ...enter,
    [install, ""],
    ["docker compose up --detach --wait", "# RabbitMQ; or name one you have with AMQP_URL"],
    [`${run} worker`, "# the images service"],
    [`${run} start`, "# in a second terminal: the users service, which calls it"],
    [`${run} test`, "# the same without a broker"],
  ];
}

async function refuseFilled(folder: string, given: string): Promise<void> {
  let there: string[];
  try {
    there = await readdir(folder);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return;
    throw cannotWrite(given, error);
  }
  if (there.length === 0) return;
  const named = there.sort().slice(0, MAX_NAMED);
  const more = there.length - named.length;
  const list = [...named, ...(more > 0 ? [`… and ${more} more`] : [])].join("\n  ");
  throw new CommandFailure(
    ExitCode.FAILED,
    printable(
      `Cannot write a project into ${given} as it is not empty:\n  ${list}\n` +
        "Name a new folder, e.g. bgtasks init shop. Nothing was written.",
    ),
  );
}

function cannotWrite(given: string, error: unknown): CommandFailure {
  const reason = error instanceof Error ? error.message : String(error);
  return new CommandFailure(
    ExitCode.FAILED,
    printable(`Cannot write a project into ${given}: ${reason}`),
  );
}

/** The folder's name as npm allows one. */
function projectName(folder: string): string {
  const name = basename(folder)
    .toLowerCase()
    .replaceAll(/[^a-z\d._-]+/g, "-")
    .replace(/^[._-]+/, "");
  return name === "" || name === "bgtasks" ? "two-services" : name;
}
