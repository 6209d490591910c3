import { BgtasksError, TaskError } from "../errors.ts";
import { describeThrown } from "../messages/printable.ts";
import { nameOf } from "../options/rules.ts";
import type { Deadlines } from "../time/deadlines.ts";
import type { Delivery } from "../transport/transport.ts";
import { RequestContext } from "../worker/request_context.ts";
import { Refusal } from "../worker/task_failures.ts";
import { DELAY_NAME, isDelay } from "./delay_rule.ts";
import type { JobError } from "./job_error.ts";
import type { JobState } from "./job_headers.ts";
import { headersOfSender, readJobState } from "./job_headers.ts";
import type { JobContext, JobTask } from "./job_task.ts";
import { attemptsOf } from "./retry_policy.ts";

/** How a handler ended its job in its own way. */
export type LastWord =
  | { readonly kind: "later"; readonly delay: number }
  | { readonly kind: "given up"; readonly reason: string };

/** What a handler is told of one job. */
export class JobRequest extends RequestContext implements JobContext {
  readonly task: JobTask | undefined;
  readonly id: string;
  readonly state: JobState;
  /** What the handler said of its end, whatever else it did then. */
  lastWord: LastWord | undefined;

  constructor(delivery: Delivery, route: string, task: JobTask | undefined, deadlines: Deadlines) {
    super(delivery, route, deadlines);
    const { message } = delivery;
    this.task = task;
    // Nobody waits for a job.
    this.waitsUntil = Infinity;
    // For copies of the job.
    message.body.keepText();
    // Senders that are not ours may give none. The copies of a retry then have this one.
    this.id = message.id || crypto.randomUUID();
    this.state = readJobState(message.headers, message.timestamp);
  }

  override get hasLocalCaller(): boolean {
    return false;
  }

  override get headers(): Readonly<Record<string, unknown>> {
    return headersOfSender(this.delivery.message.headers);
  }

  get attempt(): number {
    return this.state.attempt;
  }

  get attempts(): number {
    return this.task ? attemptsOf(this.task.options.retry) : this.attempt;
  }

  get lastError(): JobError | undefined {
    return this.state.lastError;
  }

  get firstSentAt(): number | undefined {
    return this.state.firstSentAt;
  }

  // Bound, because handlers take them out of the context; and only then, because most handlers use neither.
  get later(): JobContext["later"] {
    return (milliseconds) => this.#later(milliseconds);
  }

  get giveUp(): JobContext["giveUp"] {
    return (reason) => this.#giveUp(reason);
  }

  override toJSON(): ReturnType<RequestContext["toJSON"]> {
    const { id, attempt, attempts, lastError, firstSentAt } = this;
    return Object.assign(super.toJSON(), { id, attempt, attempts, lastError, firstSentAt });
  }

  #later(milliseconds: number): never {
    if (!isDelay(milliseconds)) {
      const given = typeof milliseconds === "number" ? String(milliseconds) : nameOf(milliseconds);
      throw new BgtasksError(
        "invalid_options",
        `Cannot put off the job "${this.id}" of "${this.route}", because the time must be ${DELAY_NAME}: ${given}`,
      );
    }
    this.lastWord = { kind: "later", delay: milliseconds };
    return leave();
  }

  #giveUp(reason: string): never {
    // Of programs without types it may be anything.
    const text: unknown = reason;
    this.lastWord = {
      kind: "given up",
      reason: typeof text === "string" ? text : describeThrown(text),
    };
    return leave();
  }
}

/** Leaves the handler. What is thrown is not the handler's own, so that no log has it; and nobody is told, so that the code is any. */
function leave(): never {
  throw new Refusal(new TaskError("internal", "The handler has ended its job."));
}
