import type { ResolvedJobOptions } from "../../jobs/job_options.ts";
import { deadQueueName, jobQueueName } from "../../jobs/job_queues.ts";
import type { ResolvedRetry } from "../../jobs/retry_policy.ts";
import type { FoundJob } from "../project/found_tasks.ts";
import type { SchemaSummary } from "../schemas/schema_summary.ts";
import { describeSchema, summarizeSchema } from "../schemas/schema_summary.ts";
import { columns } from "../terminal/output.ts";
import type { Paint } from "../terminal/paint.ts";
import type { QueueReport, Queues } from "./queue_report.ts";
import { describeQueue } from "./queue_report.ts";

/** A job as it is listed. `null` is what there is none of, for JSON's sake. */
export interface JobReport {
  readonly route: string;
  readonly file: string;
  readonly input: SchemaSummary | null;
  /** `retry` is `"function"` where one decides. */
  readonly options: Omit<ResolvedJobOptions, "input" | "retry"> & {
    readonly retry: Exclude<ResolvedRetry, (...args: never) => unknown> | "function";
  };
  /** Absent when no broker was asked; `null` when it has no such queue. */
  readonly queue?: (QueueReport & { readonly dead: number }) | null;
}

/** The queues of a job: its own and that of its dead letters. */
export function queuesOfJob({ job }: FoundJob): readonly [string, string] {
  const queue = jobQueueName(job.route);
  return [queue, deadQueueName(queue)];
}

/** @param queues undefined when no broker was asked */
export function reportJob(found: FoundJob, queues: Queues | undefined): JobReport {
  const { job, file } = found;
  const { input, retry, ...options } = job.options;
  const [own, dead] = queuesOfJob(found).map((name) => queues?.get(name));
  return {
    route: job.route,
    file,
    input: input ? summarizeSchema(input, "input") : null,
    options: { ...options, retry: typeof retry === "function" ? "function" : retry },
    ...(own === undefined ? {} : { queue: own && { ...own, dead: dead?.messages ?? 0 } }),
  };
}

/** A job for people. */
export function describeJob(
  { route, file, input, options, queue }: JobReport,
  paint: Paint,
): string {
  const { retry, timeout, concurrency, exchange, description } = options;
  const rows: [string, string][] = [["kind", "job"]];
  if (description !== undefined) rows.push(["does", description]);
  rows.push(["input", describeSchema(input)]);
  rows.push(["retry", describeRetry(retry)]);
  rows.push(["timeout", `${timeout} ms`]);
  if (concurrency !== undefined) rows.push(["concurrency", String(concurrency)]);
  if (exchange !== undefined) rows.push(["exchange", exchange]);
  if (queue !== undefined) {
    const dead = queue && queue.dead > 0 ? paint("yellow", `, ${queue.dead} dead`) : "";
    rows.push(["queue", describeQueue(queue, paint) + dead]);
  }
  return `${paint("bold", route)}  ${paint("dim", file)}\n${columns(rows)}`;
}

function describeRetry(retry: JobReport["options"]["retry"]): string {
  if (retry === "function") return "a function decides";
  const { attempts, delay, factor, max } = retry;
  if (attempts === 1) return "none";
  return `${attempts} attempts, after ${delay} ms, ${factor} times longer each, ${max} ms at most`;
}
