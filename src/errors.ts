import type { FieldErrors, ValidationIssue } from "./schema/issues.ts";
import { fieldErrors } from "./schema/issues.ts";

export type { FieldErrors, ValidationIssue } from "./schema/issues.ts";

/**
 * The base of every error this library throws. Catch by class, or compare {@link BgtasksError.code},
 * which stays the same between releases; messages may get better.
 */
export class BgtasksError extends Error {
  /** Stays the same in minified code. */
  override readonly name: string = "BgtasksError";
  /** A stable, machine-readable name of what went wrong, e.g. `"no_route"`. */
  readonly code: string;

  /** Made by the library and its subclasses. */
  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }

  /** What `JSON.stringify` takes: an error's own name and message are left out of JSON otherwise. */
  toJSON(): object {
    return Object.assign({}, this, { message: this.message });
  }
}

/** One thing that is wrong with the settings, and where. */
export interface SettingsProblem {
  /** The key, e.g. `"reconnect.initial"`, or the environment variable, e.g. `"AMQP_PORT"`. */
  readonly path: string;
  /** What the value breaks. Never holds a password. */
  readonly message: string;
}

/** The settings are wrong. Lists every problem at once. `code` is `"invalid_settings"`. */
export class SettingsError extends BgtasksError {
  /** Stays the same in minified code. */
  override readonly name: string = "SettingsError";
  /** Everything that is wrong. */
  readonly problems: readonly SettingsProblem[];

  /** Made by the library; a test may make one to let a double fail. */
  constructor(problems: readonly SettingsProblem[]) {
    const lines = problems.map(({ path, message }) => `\n  - ${path}: ${message}`);
    super("invalid_settings", `Cannot use these settings:${lines.join("")}`);
    this.problems = problems;
  }
}

/**
 * No reply came before the deadline. `code` is `"timeout"`, and `name` is `"TimeoutError"`, as for
 * `AbortSignal.timeout()`.
 */
export class RPCTimeoutError extends BgtasksError {
  /** Stays the same in minified code. */
  override readonly name: string = "TimeoutError";
  /** The route that was called. */
  readonly route: string;
  /** The time the call was given, in milliseconds. */
  readonly timeout: number;
  /**
   * How many consumers the route's queue had when the time was over: 0 means that nobody serves it,
   * more that the handler is slow. `undefined` when the broker could not be asked.
   */
  readonly consumers: number | undefined;

  /** Made by the library; a test may make one to let a double fail. */
  constructor(route: string, timeout: number, consumers: number | undefined, detail: string) {
    super("timeout", `Cannot wait longer than ${timeout} ms for "${route}": ${detail}`);
    this.route = route;
    this.timeout = timeout;
    this.consumers = consumers;
  }
}

/** The broker has no queue for this route, so no worker has ever served it. `code` is `"no_route"`. */
export class NoRouteError extends BgtasksError {
  /** Stays the same in minified code. */
  override readonly name: string = "NoRouteError";
  /** The route that was called, or that a job was sent to. */
  readonly route: string;

  /** Made by the library; a test may make one to let a double fail. */
  constructor(
    route: string,
    detail = "the broker has no queue of this name: is its worker running?",
    action = "call",
  ) {
    super("no_route", `Cannot ${action} "${route}" as ${detail}`);
    this.route = route;
  }
}

/**
 * The broker did not confirm a job in time. It is unknown whether the job is stored, unless {@link JobUnconfirmedError.wasSent} is
 * false: then it is not. Sending it again with the same id is safe where the handler collapses duplicates by `ctx.id`. `code` is `"job_unconfirmed"`.
 */
export class JobUnconfirmedError extends BgtasksError {
  /** Stays the same in minified code. */
  override readonly name: string = "JobUnconfirmedError";
  /** The route of the job. */
  readonly route: string;
  /** The job's id. */
  readonly id: string;
  /** The time that the confirmation was given, in milliseconds. */
  readonly timeout: number;
  /** Whether the job went out. If not, it is not stored; if so, it may be. */
  readonly wasSent: boolean;

  /** Made by the library; a test may make one to let a double fail. */
  constructor(route: string, id: string, timeout: number, detail: string, wasSent = true) {
    super(
      "job_unconfirmed",
      wasSent
        ? `Cannot tell whether the job "${id}" of "${route}" is stored, because the broker did not confirm it within ${timeout} ms: ${detail}`
        : `Cannot send the job "${id}" of "${route}" within ${timeout} ms, so it is not stored: ${detail}`,
    );
    this.route = route;
    this.id = id;
    this.timeout = timeout;
    this.wasSent = wasSent;
  }
}

/** The queue of a job takes no more, by a limit that the broker was given, or was deleted meanwhile; the job is not stored. `code` is `"queue_full"`. */
export class QueueFullError extends BgtasksError {
  /** Stays the same in minified code. */
  override readonly name: string = "QueueFullError";
  /** The route of the job. */
  readonly route: string;
  /** The job's id. */
  readonly id: string;

  /** Made by the library; a test may make one to let a double fail. */
  constructor(route: string, id: string) {
    super(
      "queue_full",
      `Cannot store the job "${id}" of "${route}", because the broker refused it: its queue is full, or was deleted meanwhile`,
    );
    this.route = route;
    this.id = id;
  }
}

/**
 * The link to the broker dropped while the call was out: whether its handler ran is unknown.
 * `code` is `"connection_lost"`. Calls that may safely run twice can say `retry: true`.
 */
export class ConnectionLostError extends BgtasksError {
  /** Stays the same in minified code. */
  override readonly name: string = "ConnectionLostError";
  /** Made by the library; a test may make one to let a double fail. */
  constructor(message: string) {
    super("connection_lost", message);
  }
}

/**
 * The broker refused us for good: wrong password, unknown virtual host, no permission, options of a queue that it does not
 * know, more routes than it has channels for. Trying again would not help, so nothing is retried. `code` is `"connection_refused"`.
 */
export class ConnectionRefusedError extends BgtasksError {
  /** Stays the same in minified code. */
  override readonly name: string = "ConnectionRefusedError";
  /** Made by the library; a test may make one to let a double fail. */
  constructor(message: string) {
    super("connection_refused", message);
  }
}

/** The client or worker was closed before. `code` is `"closed"`. */
export class ClosedError extends BgtasksError {
  /** Stays the same in minified code. */
  override readonly name: string = "ClosedError";
  /** Made by the library; a test may make one to let a double fail. */
  constructor(message: string) {
    super("closed", message);
  }
}

/**
 * The handler failed. `code` is what the handler's {@link TaskError} said, or `"internal"` for any other
 * exception; then {@link RemoteError.data} is `{ id }`, and the worker's log has the exception under
 * this id.
 */
export class RemoteError extends BgtasksError {
  /** Stays the same in minified code. */
  override readonly name: string = "RemoteError";
  /** The route that was called. */
  readonly route: string;
  /** What the handler gave along, as JSON. */
  readonly data: unknown;

  /** Made by the library; a test may make one to let a double fail. */
  constructor(route: string, code: string, message: string, data: unknown) {
    super(code, message);
    this.route = route;
    this.data = data;
  }
}

/** The input does not fit the task's schema; its handler did not run. `code` is `"invalid_input"`. */
export class ValidationError extends BgtasksError {
  /** Stays the same in minified code. */
  override readonly name: string = "ValidationError";
  /** Every broken rule. */
  readonly issues: readonly ValidationIssue[];
  /** The same by field, e.g. `{ "items[2].name": ["Expected string"] }`. */
  readonly errors: FieldErrors;

  /** Made by the library; a test may make one to let a double fail. */
  constructor(
    subject: string,
    issues: readonly ValidationIssue[],
    errors: FieldErrors = fieldErrors(issues),
  ) {
    const lines = Object.entries(errors).map(
      ([field, messages]) => `\n  - ${field}: ${messages.join(" ")}`,
    );
    super("invalid_input", `Cannot accept the input of ${subject}:${lines.join("")}`);
    this.issues = issues;
    this.errors = errors;
  }
}

/** The peer answered something that is not an answer, e.g. a body that is not JSON. `code` is `"protocol"`. */
export class ProtocolError extends BgtasksError {
  /** Stays the same in minified code. */
  override readonly name: string = "ProtocolError";
  /** Made by the library; a test may make one to let a double fail. */
  constructor(message: string) {
    super("protocol", message);
  }
}

/** A value cannot be written as JSON. `code` is `"not_json"`. */
export class NotJSONError extends BgtasksError {
  /** Stays the same in minified code. */
  override readonly name: string = "NotJSONError";
  /** Where in the value, e.g. `"data[0].size"`; empty for the value itself. */
  readonly path: string;

  /** Made by the library; a test may make one to let a double fail. */
  constructor(path: string, what: string) {
    super("not_json", `Cannot write ${path === "" ? "the value" : path} as JSON as it is ${what}`);
    this.path = path;
  }
}

/**
 * Thrown by a handler to tell its caller what went wrong, on purpose. The caller's promise rejects with
 * a {@link RemoteError} of the same code, message and data. Any other exception stays in the worker's log.
 *
 * @example
 * ```ts
 * import { rpcTasks, TaskError } from "bgtasks";
 *
 * rpcTasks("accounts.close", (id: number) => {
 *   throw new TaskError("account_locked", "The account is locked.", { id });
 * });
 * rpcTasks.delete("accounts.close");
 * ```
 */
export class TaskError extends BgtasksError {
  /** Stays the same in minified code. */
  override readonly name: string = "TaskError";
  /** Anything that JSON can carry. */
  readonly data: unknown;

  /**
   * Made by handlers, to be thrown.
   *
   * @param code what programs tell the error by
   * @param message what people read
   * @param data anything that JSON can carry
   */
  constructor(code: string, message: string, data: unknown = null) {
    super(code, message);
    this.data = data;
  }
}
