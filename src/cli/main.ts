#!/usr/bin/env node
import process from "node:process";

import { Command, CommanderError } from "commander";

import { BgtasksError } from "../errors.ts";
import { VERSION } from "../version.ts";
import { workerCommand } from "./worker_command.ts";

const program = new Command("bgtasks")
  .description("Typed remote calls between services over RabbitMQ.")
  .version(VERSION)
  .exitOverride()
  .configureHelp({ showGlobalOptions: true })
  .addCommand(workerCommand().exitOverride());

try {
  await program.parseAsync();
} catch (error) {
  // Not only an exit code: task modules may hold databases and timers that would keep the process.
  process.exit(report(error));
}

function report(error: unknown): number {
  // Commander has printed its own messages; asking for help is no failure.
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
  if (!(error instanceof BgtasksError)) throw error;
  process.stderr.write(`bgtasks: ${error.message}\n`);
  if (error.cause instanceof Error && error.cause.stack)
    process.stderr.write(`${error.cause.stack}\n`);
  return 1;
}
