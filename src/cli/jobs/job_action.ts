import process from "node:process";

import { JobClient } from "../../jobs/job_client.ts";
import type { ResolvedSettings, Settings } from "../../settings/settings.ts";
import { isLoopback, resolveSettings } from "../../settings/settings.ts";
import { explainFailure } from "../project/explain_failure.ts";
import { CommandFailure, ExitCode } from "../terminal/exit_code.ts";
import { print, printAside } from "../terminal/output.ts";

/** The options of all that is done with jobs. */
export interface JobActionOptions {
  readonly url?: string;
  readonly json?: boolean;
}

/** What came of it. */
export interface JobActionResult {
  /** For `--json`; `ok` is added. */
  readonly report: Readonly<Record<string, unknown>>;
  /** For people, on standard output; undefined for nothing. */
  readonly text?: string | undefined;
  /** For people, on standard error. */
  readonly aside?: string | undefined;
  readonly exitCode?: ExitCode;
}

/** What is given to do it with. */
export interface JobAction {
  readonly client: JobClient;
  readonly settings: ResolvedSettings;
}

/**
 * Does something with the jobs on the broker, tells what came of it, and ends the process.
 *
 * @param what what is to be done, e.g. `send a job`
 * @throws CommandFailure when it cannot be done, unless JSON tells so
 */
export async function runJobAction(
  what: string,
  { url, json = false }: JobActionOptions,
  work: (action: JobAction) => Promise<JobActionResult>,
): Promise<never> {
  // Whoever waits at a terminal wants to know at once that there is no broker.
  const explicit: Settings = { url, reconnect: { attempts: 1 } };
  refuseLoopback(what, resolveSettings(explicit));
  const { report, text, aside, exitCode = ExitCode.OK } = await attempt(explicit, json, work);
  if (json) await print(JSON.stringify({ ok: exitCode === ExitCode.OK, ...report }));
  else {
    if (text !== undefined) await print(text);
    if (aside !== undefined) await printAside(aside);
  }
  process.exit(exitCode);
}

/**
 * Does something with the jobs on the broker.
 *
 * @param json whether a failure is a result, too
 * @throws CommandFailure when it cannot be done, and JSON does not tell so
 */
export async function attempt(
  explicit: Settings,
  json: boolean,
  work: (action: JobAction) => Promise<JobActionResult>,
): Promise<JobActionResult> {
  const settings = resolveSettings(explicit);
  await using client = new JobClient({ settings: explicit });
  let connected = false;
  client.onStatus(({ state }) => {
    if (state === "ready" || state === "blocked") connected = true;
  });
  try {
    return await work({ client, settings });
  } catch (thrown) {
    if (thrown instanceof CommandFailure) throw thrown;
    const { exitCode, message, error } = explainFailure(thrown, settings, connected);
    if (!json) throw new CommandFailure(exitCode, message);
    return { report: { error }, exitCode };
  }
}

function refuseLoopback(what: string, settings: ResolvedSettings): void {
  if (!isLoopback(settings)) return;
  const why = 'the environment is "test", whose jobs stay in their process. Unset ENVIRONMENT.';
  throw new CommandFailure(ExitCode.NO_BROKER, `Cannot ${what}, because ${why}`);
}
