/** What the command's exit codes mean; docs/command.md tells users. */
export const ExitCode = {
  OK: 0,
  /** The task, or whatever else was asked for, failed. */
  FAILED: 1,
  /** Wrong options, or input that is not JSON. */
  USAGE: 2,
  /** The broker cannot be reached, or does not let us in. */
  NO_BROKER: 3,
  /** No queue has the route's name. */
  NO_ROUTE: 4,
  /** No reply came in time. */
  TIMEOUT: 5,
} as const;

export type ExitCode = (typeof ExitCode)[keyof typeof ExitCode];

/** Why a command failed, as `--json` prints it. */
export interface FailureReport {
  /** Of an error of the library its own, else `usage` or `failed`. */
  readonly code: string;
  readonly message: string;
  readonly [more: string]: unknown;
}

/** What a command ends with when it cannot do what was asked. Its message is for the terminal, over several lines. */
export class CommandFailure extends Error {
  readonly exitCode: ExitCode;
  /** For programs. */
  readonly report: FailureReport;

  /** @param report what programs are told where that is more than the message */
  constructor(exitCode: ExitCode, message: string, report?: FailureReport) {
    super(message);
    this.exitCode = exitCode;
    this.report = report ?? { code: exitCode === ExitCode.USAGE ? "usage" : "failed", message };
  }
}
