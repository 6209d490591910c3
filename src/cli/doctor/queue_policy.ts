import type { ManagedQueue } from "./management_api.ts";

/** What a policy of the broker does to jobs. */
export interface PolicyHarm {
  readonly verdict: "warning" | "problem";
  /** The key of the policy and its value. */
  readonly rule: string;
  readonly harm: string;
}

/** What each kind of queue is for: it decides what a policy does to it. */
export type JobQueueKind = "jobs" | "dead letters" | "delays";

type Judge = (kind: JobQueueKind, value: unknown, queue: ManagedQueue) => string | undefined;

const FULL: Readonly<Record<JobQueueKind, string>> = {
  jobs: "a queue that is full refuses jobs, and holds up the delays of all routes",
  delays: "a level that is full refuses delayed jobs",
  "dead letters": "dead letters beyond that are deleted, or hold up the queues that they come from",
};

const GONE: Readonly<Record<JobQueueKind, string>> = {
  jobs: "jobs that wait so long become dead letters",
  delays: "jobs leave their delay too early",
  "dead letters": "dead letters are deleted after that time",
};

/** By the key of a policy. Undefined where the value harms nothing. */
const PROBLEMS: Readonly<Record<string, Judge>> = {
  expires: () => "a queue that nobody consumes from is deleted with its jobs",
  "message-ttl": (kind, value, { arguments: args }) =>
    kind === "delays" && Number(value) >= Number(args?.["x-message-ttl"] ?? 0)
      ? undefined
      : GONE[kind],
  "max-length": (kind) => FULL[kind],
  "max-length-bytes": (kind) => FULL[kind],
  overflow: (kind, value) =>
    value === "reject-publish" || kind === "dead letters"
      ? undefined
      : "jobs may be lost on their way between two queues",
  "delivery-limit": (kind, value, { arguments: args }) =>
    kind !== "dead letters" || Number(value) >= Number(args?.["x-delivery-limit"] ?? 0)
      ? undefined
      : "dead letters that are looked at so often are deleted",
};

const WARNINGS: Readonly<Record<string, Judge>> = {
  "delivery-limit": (kind, value, { arguments: args }) =>
    kind !== "jobs" || Number(value) >= Number(args?.["x-delivery-limit"] ?? 0)
      ? undefined
      : "jobs become dead letters after fewer deaths of their workers",
  "delayed-retry-type": () => "jobs that a stopping worker gives back wait for another one",
  ...Object.fromEntries(
    ["exchange", "routing-key", "strategy"].map((what): [string, Judge] => [
      `dead-letter-${what}`,
      (kind) =>
        kind === "dead letters"
          ? "dead letters that the broker gives up go elsewhere"
          : "the queue says itself where its jobs go: one of the two does not count",
    ]),
  ),
};

/** What the policies of a queue do to its jobs. */
export function findHarms(queue: ManagedQueue, kind: JobQueueKind): readonly PolicyHarm[] {
  const rules = Object.entries(queue.effective_policy_definition ?? {});
  return rules.flatMap(([key, value]): PolicyHarm[] => {
    const rule = `${key}: ${String(value)}`;
    const worst = PROBLEMS[key]?.(kind, value, queue);
    if (worst !== undefined) return [{ verdict: "problem", rule, harm: worst }];
    const harm = WARNINGS[key]?.(kind, value, queue);
    return harm === undefined ? [] : [{ verdict: "warning", rule, harm }];
  });
}
