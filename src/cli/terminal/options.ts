import { InvalidArgumentError, Option } from "commander";

import { parseDuration } from "./duration.ts";

/** `--tasks`, of every command that looks at the tasks found here. */
export function tasksOption(): Option {
  return new Option(
    "-t, --tasks <glob>",
    "task modules to import; may be given several times (default: **/tasks.{ts,mts,js,mjs})",
  ).argParser(collect);
}

/** `--url`, of every command that talks to the broker. */
export function urlOption(): Option {
  return new Option(
    "-u, --url <url>",
    "the broker (default: the environment's AMQP_URL, or localhost)",
  );
}

/** `--json` */
export function jsonOption(): Option {
  return new Option("--json", "print JSON, for programs");
}

/** Gathers an option that may be given several times. */
export function collect(value: string, before: readonly string[] = []): readonly string[] {
  return [...before, value];
}

/** A time above 0, in milliseconds. */
export function parseTimeout(text: string): number {
  const milliseconds = parseDuration(text);
  if (milliseconds > 0) return milliseconds;
  throw new InvalidArgumentError("It must be above 0.");
}
