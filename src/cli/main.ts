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
import { outliveReaders } from "./terminal/output.ts";
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
  process.exit(report(error));
}

function report(error: unknown): number {
  // Commander has printed its own messages; asking for help is not a failure.
  if (error instanceof CommanderError) return error.exitCode === 0 ? ExitCode.OK : ExitCode.USAGE;
  if (!(error instanceof BgtasksError) && !(error instanceof CommandFailure)) throw error;
  process.stderr.write(`bgtasks: ${error.message}\n`);
  if (error instanceof CommandFailure) return error.exitCode;
  if (error.cause instanceof Error && error.cause.stack)
    process.stderr.write(`${error.cause.stack}\n`);
  return ExitCode.FAILED;
}
