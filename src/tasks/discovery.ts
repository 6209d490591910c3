import { resolve } from "node:path";
import { pathToFileURL } from "node:url";

import { glob } from "tinyglobby";

import { BgtasksError } from "../errors.ts";
import type { RegisterTasksOptions, TaskModule } from "./register_tasks.ts";
import type { RPCTask } from "./rpc_task.ts";
import { rpcTasks } from "./task_registry.ts";

const DEFAULT_GLOBS = ["**/tasks.{ts,mts,js,mjs}"];

/** Places where copies of task modules lie. Only for the default pattern: whoever names a folder means it. */
const IGNORED = ["**/node_modules/**", "**/dist/**", "**/build/**", "**/out/**", "**/coverage/**"];

/** Imports every module that matches, in the order of their paths. */
export async function importTaskModules(
  globs: string | readonly string[] = DEFAULT_GLOBS,
  { cwd = "." }: RegisterTasksOptions = {},
): Promise<TaskModule[]> {
  const patterns = typeof globs === "string" ? [globs] : [...globs];
  const ignore = globs === DEFAULT_GLOBS ? IGNORED : ["**/node_modules/**"];
  const root = resolve(cwd);
  const paths = await glob(patterns, {
    cwd: root,
    absolute: true,
    ignore,
    expandDirectories: false,
  });
  const modules: TaskModule[] = [];
  for (const path of paths.sort()) modules.push(await importTaskModule(path));
  return modules;
}

async function importTaskModule(path: string): Promise<TaskModule> {
  const before = new Set(rpcTasks);
  let exported: unknown[];
  try {
    exported = Object.values((await import(pathToFileURL(path).href)) as Record<string, unknown>);
  } catch (error) {
    throw moduleFailed(path, error);
  }
  // A module that was imported before registers nothing now; its exports tell what is its own.
  const tasks = [...rpcTasks].filter(
    (task: RPCTask) => !before.has(task) || exported.includes(task),
  );
  return { path, tasks };
}

function moduleFailed(path: string, error: unknown): BgtasksError {
  const reason = error instanceof Error ? error.message : String(error);
  const needsLoader = (error as { code?: unknown }).code === "ERR_UNKNOWN_FILE_EXTENSION";
  const hint = needsLoader
    ? " (Node before 22.18 needs a loader for TypeScript, e.g. node --import tsx)"
    : "";
  const failed = new BgtasksError(
    "task_module_failed",
    `Cannot import the task module ${path}: ${reason}${hint}`,
  );
  // A program's own error, of the same process: its stack tells the line.
  failed.cause = error;
  return failed;
}
