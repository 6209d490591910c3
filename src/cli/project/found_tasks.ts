import { relative } from "node:path";
import process from "node:process";

import { BgtasksError } from "../../errors.ts";
import { jobTasks } from "../../jobs/job_registry.ts";
import type { JobTask } from "../../jobs/job_task.ts";
import type { TaskModule } from "../../tasks/task_module.ts";

import type { RPCTask } from "../../tasks/rpc_task.ts";
import { rpcTasks } from "../../tasks/task_registry.ts";
import { loadTasks } from "./load_tasks.ts";

/** A task and the file it came with. */
export interface FoundTask {
  readonly task: RPCTask;
  /** From the working directory. */
  readonly file: string;
}

/** A job and the file it came with. */
export interface FoundJob {
  readonly job: JobTask;
  /** From the working directory. */
  readonly file: string;
}

/** What task modules have. */
export interface Found {
  readonly tasks: readonly FoundTask[];
  readonly jobs: readonly FoundJob[];
}

/**
 * Imports the task modules and lists their tasks and jobs.
 *
 * @param purpose what cannot be done without any, e.g. `list routes`
 * @throws BgtasksError that tells where tasks were looked for
 */
export async function findTasksAndJobs(
  globs: readonly string[] | undefined,
  purpose: string,
): Promise<Found> {
  const modules = await loadTasks(globs);
  if (rpcTasks.size + jobTasks.size === 0) throw await noTasks(purpose, globs, modules);
  return { tasks: listTasks(modules), jobs: listJobs(modules) };
}

/**
 * Imports the task modules and lists their jobs.
 *
 * @param purpose what cannot be done without any, e.g. `look at jobs`
 * @throws BgtasksError that tells where they were looked for
 */
export async function findJobs(
  globs: readonly string[] | undefined,
  purpose: string,
): Promise<readonly FoundJob[]> {
  const modules = await loadTasks(globs);
  if (jobTasks.size === 0) throw await noTasks(purpose, globs, modules, "jobTasks");
  return listJobs(modules);
}

/** The tasks of the modules, in the order of these. */
export function listTasks(modules: readonly TaskModule[]): readonly FoundTask[] {
  return modules.flatMap(({ path, tasks }) => tasks.map((task) => ({ task, file: fileOf(path) })));
}

/** The jobs of the modules, in the order of these. */
export function listJobs(modules: readonly TaskModule[]): readonly FoundJob[] {
  return modules.flatMap(({ path, jobs }) => jobs.map((job) => ({ job, file: fileOf(path) })));
}

function fileOf(path: string): string {
  return relative(process.cwd(), path);
}

/** Tells where tasks were looked for in vain. */
export async function noTasks(
  purpose: string,
  globs: readonly string[] | undefined,
  modules: readonly TaskModule[],
  registry: "rpcTasks" | "jobTasks" = "rpcTasks",
): Promise<BgtasksError> {
  const found = modules.length === 0 ? await noMatch(globs) : otherCopy(modules, registry);
  const nouns = registry === "jobTasks" ? "jobs" : "tasks";
  return new BgtasksError("no_tasks", `Cannot ${purpose} without ${nouns}: ${found}`);
}

async function noMatch(globs: readonly string[] | undefined): Promise<string> {
  const { describeNoMatch } = await import("../../tasks/discovery.ts");
  return (await describeNoMatch(globs)).replace(/: "([^"]+)"$/, ": --tasks '$1'");
}

/** Modules that register nothing here do so in another copy of the library, or not at all. */
function otherCopy(modules: readonly TaskModule[], registry: string): string {
  const paths = modules.map(({ path }) => path).join(", ");
  const { bun, deno } = process.versions;
  const why = deno
    ? "npm:bgtasks and jsr:@bgtasks/bgtasks are two copies. Import the one whose command this is, or run the other's: " +
      "deno run -A npm:bgtasks, or deno run -A jsr:@bgtasks/bgtasks/cli"
    : bun
      ? "is it installed twice? bun pm ls --all tells"
      : 'is "type": "module" missing in package.json, or is it installed twice? npm ls bgtasks tells';
  return `these modules register none with ${registry}(): ${paths}. If they do, they use another copy of bgtasks: ${why}`;
}
