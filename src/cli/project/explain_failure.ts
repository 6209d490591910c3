import {
  BgtasksError,
  ConnectionLostError,
  ConnectionRefusedError,
  JobUnconfirmedError,
  NoRouteError,
  QueueFullError,
  RemoteError,
  RPCTimeoutError,
  ValidationError,
} from "../../errors.ts";
import type { ResolvedSettings } from "../../settings/settings.ts";
import { isLoopback } from "../../settings/settings.ts";
import {
  describeBroker,
  HOW_TO_ALLOW,
  HOW_TO_BE_LET_IN,
  HOW_TO_REACH_A_BROKER,
  isForbidden,
} from "./broker_address.ts";
import type { FailureReport } from "../terminal/exit_code.ts";
import { ExitCode } from "../terminal/exit_code.ts";
import { columns, count, printable } from "../terminal/output.ts";

const LOOK_CLOSER = "`bgtasks doctor` looks closer.";

/** Why a call or a job failed, for people and for programs. */
export interface Failure {
  readonly exitCode: ExitCode;
  readonly message: string;
  /** What `--json` prints. */
  readonly error: FailureReport;
}

/**
 * Tells why a call or a job failed, what was tried and what to do. Throws what is not an error of ours.
 *
 * @param connected whether there was a connection: without one, a timeout says nothing of the task
 */
export function explainFailure(
  error: unknown,
  settings: ResolvedSettings,
  connected = true,
): Failure {
  if (!(error instanceof BgtasksError)) throw error;
  const { code } = error;
  const message = withoutAttempts(error.message);
  const known = { code, message };
  if (error instanceof ConnectionLostError || (isTimeout(error) && !connected)) {
    const rows = [
      ["tried", describeBroker(settings)],
      ["to do", `${HOW_TO_REACH_A_BROKER} ${LOOK_CLOSER}`],
    ] as const;
    return failure(ExitCode.NO_BROKER, known, columns(rows));
  }
  if (error instanceof ConnectionRefusedError) {
    const rows = [
      ["tried", describeBroker(settings)],
      ["to do", isForbidden(error.message) ? HOW_TO_ALLOW : `${HOW_TO_BE_LET_IN}\n${LOOK_CLOSER}`],
    ] as const;
    return failure(ExitCode.NO_BROKER, known, columns(rows));
  }
  if (error instanceof NoRouteError) {
    return failure(ExitCode.NO_ROUTE, known, columns([["to do", findRoute(settings)]]));
  }
  if (error instanceof RPCTimeoutError) {
    const { consumers, timeout } = error;
    const rows = [["to do", waitLonger(consumers)]] as const;
    return failure(
      ExitCode.TIMEOUT,
      { ...known, timeout, consumers: consumers ?? null },
      columns(rows),
    );
  }
  if (error instanceof JobUnconfirmedError) {
    const { id, timeout, wasSent } = error;
    const twice = wasSent ? " It may be done twice then." : "";
    const rows = [["to do", `Send it again with --id ${id}.${twice}`]] as const;
    return failure(ExitCode.TIMEOUT, { ...known, id, timeout, wasSent }, columns(rows));
  }
  if (error instanceof QueueFullError) {
    const remedy = "Send it later, when its workers have done some jobs.";
    return failure(ExitCode.FAILED, { ...known, id: error.id }, columns([["to do", remedy]]));
  }
  if (error instanceof ValidationError) {
    return failure(ExitCode.FAILED, { ...known, errors: error.errors, issues: error.issues });
  }
  if (error instanceof RemoteError) {
    const { data } = error;
    const rows: [string, string][] = [["code", code]];
    if (data !== null) rows.push(["data", JSON.stringify(data)]);
    return failure(ExitCode.FAILED, { ...known, data }, columns(rows));
  }
  return failure(ExitCode.FAILED, known);
}

function isTimeout(error: BgtasksError): boolean {
  return error instanceof RPCTimeoutError || error instanceof JobUnconfirmedError;
}

function findRoute(settings: ResolvedSettings): string {
  const list = "`bgtasks routes` lists the tasks and jobs found here.";
  if (isLoopback(settings)) return `Check the name, and --tasks: ${list}`;
  const kinds = "Tasks are called by `bgtasks call`, jobs are sent by `bgtasks jobs send`.";
  const other = `Another virtual host has other queues: this is "${settings.vhost}".`;
  return `Start its worker, or check the name: ${list}\n${kinds}\n${other}`;
}

function waitLonger(consumers: number | undefined): string {
  if (consumers === undefined) return "Ask again, with a longer --timeout.";
  if (consumers === 0) return "Start a worker for it: the queue has no consumer.";
  const busy = `${count(consumers, "consumer")} of its queue may be busy or slow`;
  return `Give it longer with --timeout, or start more workers: ${busy}.`;
}

function failure(exitCode: ExitCode, error: FailureReport, details?: string): Failure {
  const message = printable([error.message, details].filter(Boolean).join("\n"));
  return { exitCode, message, error };
}

/** The command tries once, so the number of attempts says nothing. */
function withoutAttempts(message: string): string {
  return message.replace(/ \(gave up after 1 attempts\)$/, "");
}
