import { relative } from "node:path";
import process from "node:process";

import { BgtasksError } from "../errors.ts";
import type { TaskModule } from "../tasks/register_tasks.ts";

import type { RPCTask } from "../tasks/rpc_task.ts";
import { rpcTasks } from "../tasks/task_registry.ts";
import { loadTasks } from "./load_tasks.ts";

/** A task and the file it came with. */
export interface FoundTask {
  readonly task: RPCTask;
  /** From the working directory. */
  readonly file: string;
}

/**
 * Imports the task modules and lists their tasks.
 *
 * @param purpose what cannot be done without any, e.g. `start a worker`
 * @throws BgtasksError that tells where tasks were looked for
 */
export async function findTasks(
  globs: readonly string[] | undefined,
  purpose: string,
): Promise<readonly FoundTask[]> {
  const modules = await loadTasks(globs);
  if (rpcTasks.size === 0) throw noTasks(purpose, globs, modules);
  return listTasks(modules);
}

/** The tasks of the modules, in the order of these. */
export function listTasks(modules: readonly TaskModule[]): readonly FoundTask[] {
  return modules.flatMap(({ path, tasks }) =>
    tasks.map((task) => ({ task, file: relative(process.cwd(), path) })),
  );
}

/** Tells where tasks were looked for in vain. */
export function noTasks(
  purpose: string,
  globs: readonly string[] | undefined,
  modules: readonly TaskModule[],
): BgtasksError {
  const found =
    modules.length === 0
      ? `no file matches ${(globs ?? ["**/tasks.{ts,mts,js,mjs}"]).join(", ")} below ${process.cwd()}`
      : `these modules register none with rpcTasks(): ${modules.map(({ path }) => path).join(", ")}. ` +
        'If they do, they use another copy of bgtasks: is "type": "module" missing in package.json?';
  return new BgtasksError("no_tasks", `Cannot ${purpose} without tasks: ${found}`);
}
