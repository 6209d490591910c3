import { Command, InvalidArgumentError, Option } from "commander";

import { parseDuration } from "../terminal/duration.ts";
import { readJSONInput, refuseParts } from "../terminal/json_input.ts";
import { jsonOption, parseTimeout, urlOption } from "../terminal/options.ts";
import type { JobAction, JobActionOptions, JobActionResult } from "./job_action.ts";
import { runJobAction } from "./job_action.ts";

/** What may be said of a job. */
interface SendOptions {
  readonly id?: string | undefined;
  readonly delay?: number | undefined;
  readonly at?: Date | undefined;
  readonly timeout?: number | undefined;
}

/** `2026-12-24T18:00`, with seconds and an offset where they are wanted. A date alone would mean midnight, in UTC. */
const TIME = /^\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:\d\d)?$/;

/** `bgtasks jobs send` */
export function sendCommand(): Command {
  return (
    new Command("send")
      .description("Send a job, and print its id when the broker has it on disk.")
      .argument("<route>", "the job's route")
      .argument("[json]", "the input as JSON; - reads it from standard input")
      // For a better word than "too many": shells split what is not quoted.
      .allowExcessArguments()
      .option("--id <id>", "the job's name (default: a random UUID)")
      .addOption(
        new Option("--delay <time>", "how long it waits before it may run, e.g. 500ms, 30s or 7d")
          .argParser(parseDuration)
          .conflicts("at"),
      )
      .option(
        "--at <time>",
        "when it may run, e.g. 2026-12-24T18:00 by this machine's time, or with Z or +01:00",
        parseTime,
      )
      .option(
        "-T, --timeout <time>",
        "how long the broker may take to confirm it (default: the setting rpcTimeout, 60s)",
        parseTimeout,
      )
      .addOption(urlOption())
      .addOption(jsonOption())
      .addHelpText(
        "after",
        `
Examples:
  $ bgtasks jobs send images.resize '{"id": 7}' --id resize-7
  $ bgtasks jobs send mails.greet - --delay 10m < mail.json
  $ bgtasks jobs send reports.write '{}' --at 2026-12-24T18:00+01:00

Its queue must be there: the first worker with this job makes it. The input is checked there, too.
Exit codes: 0 stored, 1 refused, 2 wrong usage or no JSON, 3 no broker, 4 no such route,
5 not confirmed in time: nobody knows whether it is stored, so send it again with the same --id.`,
      )
      .action(run)
  );
}

async function run(
  route: string,
  json: string | undefined,
  { id, delay, at, timeout, ...options }: SendOptions & JobActionOptions,
  { args }: Command,
): Promise<void> {
  refuseParts("jobs send", args);
  const input = await readJSONInput(json);
  await runJobAction("send a job", options, (action) =>
    sendJob(action, route, input, { id, delay, at, timeout }),
  );
}

/** Sends a job with the options that are given. */
export async function sendJob(
  { client }: JobAction,
  route: string,
  input: unknown,
  options: SendOptions,
): Promise<JobActionResult> {
  const given = Object.entries(options).filter(([, value]) => value !== undefined);
  const { id } = await client.send(route, input, Object.fromEntries(given));
  return { report: { route, id }, text: id };
}

/** A time as people write it, in ISO 8601 with a time of day. */
export function parseTime(text: string): Date {
  const time = new Date(TIME.test(text) ? text : Number.NaN);
  if (!Number.isNaN(time.getTime())) return time;
  throw new InvalidArgumentError(
    "It must be a time such as 2026-12-24T18:00, with Z or +01:00 behind it unless it is this machine's.",
  );
}
