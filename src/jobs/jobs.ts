import { logger } from "../log.ts";
import { quote } from "../messages/printable.ts";
import type { Deadlines } from "../time/deadlines.ts";
import type { Delivery, Source } from "../transport/transport.ts";
import { logOutcome } from "../worker/request_log.ts";
import type { Outcome } from "../worker/run_task.ts";
import { runTask } from "../worker/run_task.ts";
import type { TaskKind } from "../worker/task_kind.ts";
import type { DeadReason } from "./dead_headers.ts";
import { attemptsMade, writeDeadState } from "./dead_headers.ts";
import type { HandOver } from "./hand_over.ts";
import { deadQueueName, jobQueueName, jobTopology } from "./job_queues.ts";
import { JobRequest } from "./job_request.ts";
import type { JobTask } from "./job_task.ts";
import type { Verdict } from "./job_verdict.ts";
import { expired, verdictOf } from "./job_verdict.ts";

const log = /* @__PURE__ */ logger("jobs");

/** The outcomes of a job whose handler does not run: it came too late, or has to wait once more. */
const [EXPIRED, NOT_DUE]: readonly [Outcome, Outcome] = [
  { ok: true, value: undefined },
  { ok: true, value: undefined },
];

/**
 * Tasks that are sent: a quorum queue for each, and no reply. A job leaves its queue when it is done, or when a copy of it is
 * stored elsewhere: for its next attempt, or among its dead letters. So it may be there twice, and is never lost.
 */
export class Jobs implements TaskKind<JobTask, JobRequest> {
  readonly endsWithSender = false;
  readonly #maxBytes: number;
  readonly #worker: string;
  readonly #handOver: HandOver;

  /**
   * @param maxBytes the largest body, in bytes
   * @param worker what this worker calls itself in the errors of jobs
   */
  constructor(maxBytes: number, worker: string, handOver: HandOver) {
    this.#maxBytes = maxBytes;
    this.#worker = worker;
    this.#handOver = handOver;
  }

  sourceOf({ route, options }: JobTask): Source {
    return {
      queue: jobQueueName(route),
      topology: jobTopology(route, options.exchange),
      isAnswered: false,
    };
  }

  createRequest(
    delivery: Delivery,
    route: string,
    task: JobTask | undefined,
    deadlines: Deadlines,
  ): JobRequest {
    return new JobRequest(delivery, route, task, deadlines);
  }

  run(task: JobTask | undefined, request: JobRequest): Outcome | Promise<Outcome> {
    const { delayLeft, expiresAt = Infinity } = request.state;
    if (expiresAt <= Date.now()) return EXPIRED;
    if (delayLeft > 0) return NOT_DUE;
    return runTask(task, request, this.#maxBytes);
  }

  settle(outcome: Outcome, request: JobRequest): void | Promise<void> {
    const { delivery, route } = request;
    // The broker delivers it again, whatever came of it.
    if (delivery.isStale) return;
    const verdict = this.#judge(outcome, request);
    if (request.startedAt !== undefined) logOutcome(request, wordFor(verdict), request.startedAt);
    if (verdict.kind === "done") return delivery.ack();
    const queue = jobQueueName(route);
    switch (verdict.kind) {
      case "unreadable":
        this.#tellDead(request, "unreadable");
        return delivery.reject();
      case "again": {
        this.#tellMistake(request, verdict);
        const { state, delay } = verdict;
        return this.#handOver.delay(request, queue, state, delay);
      }
      case "dead": {
        this.#tellMistake(request, verdict);
        this.#tellDead(request, verdict.reason);
        const more = writeDeadState(verdict.reason, Date.now(), verdict.stack);
        return this.#handOver.bury(request, deadQueueName(queue), verdict.state, more);
      }
    }
  }

  close(): Promise<void> {
    return this.#handOver.close();
  }

  #judge(outcome: Outcome, request: JobRequest): Verdict {
    const { state } = request;
    if (outcome === EXPIRED) return expired(request);
    if (outcome === NOT_DUE)
      return { kind: "again", state, delay: state.delayLeft, mistake: undefined };
    return verdictOf(outcome, request, Date.now(), this.#worker);
  }

  #tellDead({ id, route, attempt }: JobRequest, reason: DeadReason): void {
    const attempts = attemptsMade(reason, attempt);
    const told = { id, route, attempts, reason };
    log.error("job {id} of {route} is a dead letter: {reason}, attempts: {attempts}", told);
    if (log.isEnabledFor("error")) return;
    // oxlint-disable-next-line no-console -- nobody would hear of it
    console.error(
      `bgtasks: job ${quote(id)} of ${quote(route)} is a dead letter: ${reason}, attempts: ${attempts}`,
    );
  }

  #tellMistake({ route }: JobRequest, verdict: Extract<Verdict, { mistake: unknown }>): void {
    if (!verdict.mistake) return;
    const { message, cause } = verdict.mistake;
    log.error(
      "the retry function of {route} did not decide, so the default policy does: {message}",
      {
        route,
        message,
        error: cause,
      },
    );
  }
}

function wordFor(verdict: Verdict): string {
  return verdict.kind === "dead" ? verdict.reason : verdict.kind;
}
