import { BgtasksError } from "../errors.ts";
import { waitLeft } from "../jobs/delay_ladder.ts";
import { isDelay } from "../jobs/delay_rule.ts";
import { readJobQueue } from "../jobs/job_queues.ts";
import { describeProblems, milliseconds, optionsOf } from "../options/option_rules.ts";
import { must } from "../options/rules.ts";
import { processLoopback } from "../transport/loopback/loopback_broker.ts";
import { realTime } from "./real_time.ts";

/** How long to rest between two looks, in milliseconds. */
const REST = 1;

/** Options of {@link idle}. */
export interface IdleOptions {
  /** Jobs that are due within so many milliseconds are waited for, too. Under `fakeTime()` they never become due by waiting. @default {0} */
  readonly within?: number | undefined;
  /** How long to wait, in milliseconds. @default {5_000} */
  readonly timeout?: number | undefined;
}

/**
 * Waits until no job of this process waits or runs: what was sent over the loopback is then done, among the dead letters,
 * or delayed. For tests.
 *
 * @throws BgtasksError with `code` `"not_idle"` when there is still something to do after `timeout`, which it names
 * @example
 * ```ts
 * import { configure, idle, JobClient, jobTasks } from "bgtasks";
 *
 * configure({ environment: "test" });
 * const sent: string[] = [];
 * const greet = jobTasks("mails.greet", ({ name }: { name: string }) => void sent.push(name));
 *
 * const jobs = new JobClient();
 * await jobs.send(greet, { name: "Tom" });
 * await idle();
 * console.log(sent); // ["Tom"]
 * await jobs.close();
 * jobTasks.delete("mails.greet");
 * ```
 */
export async function idle(options: IdleOptions = {}): Promise<void> {
  checkOptions(options);
  const { within = 0, timeout = 5_000 } = options;
  const endsAt = realTime.now() + timeout;
  // Twice, because a message may be on its way between two places.
  for (let quiet = 0; quiet < 2;) {
    await new Promise((resolve) => realTime.setTimeout(resolve, REST));
    const busy = findBusy(within);
    quiet = busy.length === 0 ? quiet + 1 : 0;
    if (busy.length > 0 && realTime.now() > endsAt) throw notIdle(timeout, busy);
  }
}

/** What is there to do, in words. */
function findBusy(within: number): string[] {
  const busy = processLoopback.hops.isIdle ? [] : ["messages are on their way"];
  for (const [name, queue] of processLoopback.queues) {
    const route = readJobQueue(name);
    if (route === undefined) {
      const due = queue.waits.filter(({ leavesAt, content }) => {
        const left = leavesAt - performance.now() + waitLeft(name, content.key ?? "");
        return Number.isFinite(left) && left <= within;
      });
      if (due.length > 0) busy.push(`${due.length} delayed jobs are due soon`);
      continue;
    }
    if (queue.held > 0) busy.push(`${queue.held} of "${route}" run`);
    if (queue.size === 0) continue;
    const hint = queue.consumers === 0 ? ", and no worker does them" : "";
    busy.push(`${queue.size} of "${route}" wait${hint}`);
  }
  return busy;
}

function notIdle(timeout: number, busy: readonly string[]): BgtasksError {
  return new BgtasksError(
    "not_idle",
    `Cannot wait longer than ${timeout} ms for all jobs to end: ${busy.join("; ")}`,
  );
}

function checkOptions(options: unknown): void {
  const rules = optionsOf({
    within: must(isDelay, "must be a number of milliseconds from 0 on"),
    timeout: milliseconds(),
  });
  const problems = describeProblems(rules, options);
  if (problems === undefined) return;
  throw new BgtasksError("invalid_options", `Cannot wait until all jobs have ended: ${problems}`);
}
