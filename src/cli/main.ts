#!/usr/bin/env node
/**
 * The command `bgtasks`: writes a project, serves and calls tasks, sends jobs and looks at them, lists and describes tasks, and
 * looks at the broker.
 *
 * ```sh
 * deno run -A jsr:@bgtasks/bgtasks/cli --help
 * ```
 *
 * @module
 */
import process from "node:process";

import { Command, CommanderError } from "commander";

import { BgtasksError } from "../errors.ts";
import { VERSION } from "../version.ts";
import { callCommand } from "./call/call_command.ts";
import { docsCommand } from "./docs/docs_command.ts";
import { doctorCommand } from "./doctor/doctor_command.ts";
import { CommandFailure, ExitCode } from "./terminal/exit_code.ts";
import { initCommand } from "./init/init_command.ts";
import { outliveReaders, print, printAside } from "./terminal/output.ts";
import { jobsCommand } from "./jobs/jobs_command.ts";
import { routesCommand } from "./routes/routes_command.ts";
import { workerCommand } from "./worker/worker_command.ts";

outliveReaders();
// These two are told where this is, as this file alone is at the same place in the sources and in the build.
const starter = new URL("init/starter/", import.meta.url);
const program = new Command("bgtasks")
  .description("Typed remote calls between services over RabbitMQ.")
  .version(VERSION)
  .exitOverride()
  .configureHelp({ showGlobalOptions: true });
const commands = [
  initCommand(starter),
  workerCommand(import.meta.url),
  callCommand(),
  jobsCommand(),
  routesCommand(),
  docsCommand(),
  doctorCommand(),
];
for (const command of commands) program.addCommand(command.exitOverride());
program.addHelpText(
  "after",
  `
Examples:
  $ bgtasks init shop
  $ bgtasks worker
  $ bgtasks call images.byIds '[1, 2]'
  $ bgtasks jobs
  $ bgtasks routes
  $ bgtasks docs --out tasks.html
  $ bgtasks doctor

\`bgtasks <command> --help\` tells more.`,
);

try {
  await program.parseAsync();
} catch (error) {
  // Not only an exit code: task modules may hold databases and timers that would keep the process.
  process.exit(await report(error));
}

async function report(error: unknown): Promise<ExitCode> {
  // Asking for help is not a failure.
  if (error instanceof CommanderError && error.exitCode === 0) return ExitCode.OK;
  const failure = toFailure(error);
  // Commander has printed its own messages.
  if (!(error instanceof CommanderError)) await printAside(`bgtasks: ${failure.message}`);
  if (failure.cause instanceof Error && failure.cause.stack) await printAside(failure.cause.stack);
  if (process.argv.includes("--json"))
    await print(JSON.stringify({ ok: false, error: failure.report }));
  return failure.exitCode;
}

/** Throws what is neither the user's nor a task module's mistake. */
function toFailure(error: unknown): CommandFailure {
  if (error instanceof CommandFailure) return error;
  if (error instanceof CommanderError)
    return new CommandFailure(ExitCode.USAGE, error.message.replace(/^error: /, ""));
  if (!(error instanceof BgtasksError)) throw error;
  const { code, message, cause } = error;
  return Object.assign(new CommandFailure(ExitCode.FAILED, message, { code, message }), { cause });
}
