import type { Schema } from "../../schema/schema.ts";
import type { TaskOptions } from "../../tasks/rpc_task.ts";
import type { ResolvedJobOptions } from "../../jobs/job_options.ts";
import type { FoundJob, FoundTask } from "../project/found_tasks.ts";
import type { SchemaSide } from "../schemas/json_schema.ts";
import type { SchemaSummary } from "../schemas/schema_summary.ts";
import { summarizeSchema } from "../schemas/schema_summary.ts";
import { sampleValue } from "./sample_value.ts";

/** A task as its documentation tells of it. */
export interface DescribedTask {
  readonly route: string;
  /** From the working directory. */
  readonly file: string;
  readonly input: SchemaSummary | undefined;
  readonly output: SchemaSummary | undefined;
  /** What each item of a stream is, in the place of `output`. */
  readonly yields?: SchemaSummary | undefined;
  readonly options: Omit<TaskOptions, "input" | "output" | "yields">;
  /** An input to show a call with; undefined where none is known to fit. */
  readonly sample: unknown;
}

/** A job as its documentation tells of it. */
export interface DescribedJob {
  readonly route: string;
  /** From the working directory. */
  readonly file: string;
  readonly input: SchemaSummary | undefined;
  readonly options: Omit<ResolvedJobOptions, "input">;
  /** An input to show how it is sent; undefined where none is known to fit. */
  readonly sample: unknown;
}

/** What is known of a task. JSON Schemas are draft 7, which AsyncAPI's own schemas are made from. */
export function describeTask({ task, file }: FoundTask): DescribedTask {
  const { input, output, yields, ...options } = task.options;
  const described = summarize(input, "input");
  return {
    route: task.route,
    file,
    input: described,
    output: summarize(output, "output"),
    yields: summarize(yields, "output"),
    options,
    sample: sampleOf(described),
  };
}

/** What is known of a job. */
export function describeJob({ job, file }: FoundJob): DescribedJob {
  const { input, ...options } = job.options;
  const described = summarize(input, "input");
  return { route: job.route, file, input: described, options, sample: sampleOf(described) };
}

function sampleOf(schema: SchemaSummary | undefined): unknown {
  return schema?.jsonSchema === undefined ? undefined : sampleValue(schema.jsonSchema);
}

function summarize(schema: Schema | undefined, side: SchemaSide): SchemaSummary | undefined {
  return schema && summarizeSchema(schema, side, "draft-07");
}
