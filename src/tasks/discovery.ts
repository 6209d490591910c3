import { resolve } from "node:path";
import { pathToFileURL } from "node:url";

import { glob } from "tinyglobby";

import { BgtasksError } from "../errors.ts";
import type { RegisterTasksOptions, TaskModule } from "./register_tasks.ts";
import type { RPCTask } from "./rpc_task.ts";
import { duplicateRoute, rpcTasks } from "./task_registry.ts";

const DEFAULT_GLOBS = ["**/tasks.{ts,mts,js,mjs}"];

/** Places where copies of task modules lie. Only for the default pattern: whoever names a folder means it. */
const IGNORED = ["**/node_modules/**", "**/dist/**", "**/build/**", "**/out/**", "**/coverage/**"];

/** Imports every module that matches, in the order of their paths. */
export async function importTaskModules(
  globs?: string | readonly string[],
  options: RegisterTasksOptions = {},
): Promise<TaskModule[]> {
  const modules: TaskModule[] = [];
  for (const path of await findTaskModules(globs, options))
    modules.push(await importTaskModule(path, modules));
  return modules;
}

/** The paths of every module that matches, in their order. */
export async function findTaskModules(
  globs: string | readonly string[] = DEFAULT_GLOBS,
  { cwd = "." }: RegisterTasksOptions = {},
): Promise<string[]> {
  const patterns = typeof globs === "string" ? [globs] : [...globs];
  const ignore = globs === DEFAULT_GLOBS ? IGNORED : ["**/node_modules/**"];
  const paths = await glob(patterns, {
    cwd: resolve(cwd),
    absolute: true,
    ignore,
    expandDirectories: false,
  });
  return paths.sort();
}

/**
 * Imports one module.
 *
 * @param earlier those imported before, to tell which of them has a route already
 */
export async function importTaskModule(
  path: string,
  earlier: readonly TaskModule[],
): Promise<TaskModule> {
  const before = new Set(rpcTasks);
  let exported: unknown[];
  try {
    exported = Object.values((await import(pathToFileURL(path).href)) as Record<string, unknown>);
  } catch (error) {
    throw moduleFailed(path, error, earlier);
  }
  // A module that was imported before registers nothing now; its exports tell what is its own.
  const tasks = [...rpcTasks].filter(
    (task: RPCTask) => !before.has(task) || exported.includes(task),
  );
  return { path, tasks };
}

function moduleFailed(path: string, error: unknown, earlier: readonly TaskModule[]): BgtasksError {
  const reason = error instanceof Error ? error.message : String(error);
  const needsLoader = (error as { code?: unknown }).code === "ERR_UNKNOWN_FILE_EXTENSION";
  const hint = needsLoader
    ? " (Node before 22.18 needs a loader for TypeScript: install tsx, or run node --import tsx)"
    : ownerOf(reason, earlier);
  const failed = new BgtasksError(
    "task_module_failed",
    `Cannot import the task module ${path}: ${reason}${hint}`,
  );
  // A program's own error, of the same process: its stack tells the line.
  failed.cause = error;
  return failed;
}

/** Of two modules with one route the first; nothing about other failures. */
function ownerOf(reason: string, earlier: readonly TaskModule[]): string {
  for (const { path, tasks } of earlier) {
    if (tasks.some(({ route }) => reason === duplicateRoute(route).message))
      return `, from ${path}`;
  }
  return "";
}
