import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

import { glob } from "tinyglobby";

import { BgtasksError } from "../errors.ts";
import { jobTasks } from "../jobs/job_registry.ts";
import type { RegisterTasksOptions, TaskModule } from "./task_module.ts";
import type { TaskRecord } from "./rpc_task.ts";
import { rpcTasks } from "./task_registry.ts";
import { duplicateRoute } from "./task_table.ts";

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

/** Why nothing matched: what was looked for, and what lies where only those look who name the folder. */
export async function describeNoMatch(
  globs: string | readonly string[] = DEFAULT_GLOBS,
  { cwd = "." }: RegisterTasksOptions = {},
): Promise<string> {
  const folder = resolve(cwd);
  const looked = `no file matches ${[globs].flat().join(", ")} below ${folder}`;
  if (globs !== DEFAULT_GLOBS) return looked;
  const ignore = ["**/node_modules/**"];
  const options = { cwd: folder, ignore, expandDirectories: false };
  const [built] = (await glob(DEFAULT_GLOBS, options)).sort();
  if (built === undefined) return looked;
  const ignored = /(?:^|\/)(dist|build|out|coverage)\//.exec(built)?.[1] ?? "";
  const pattern = `${built.slice(0, built.indexOf(ignored))}${ignored}/**/${built.split("/").at(-1)}`;
  return `${looked}. ${built} is there, but nobody looks into ${ignored} who does not name it: "${pattern}"`;
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
  const before = new Set<TaskRecord>([...rpcTasks, ...jobTasks]);
  let exported: unknown[];
  try {
    // Not for bundlers: it is there when the program runs.
    const module: unknown = await import(
      /* webpackIgnore: true */ /* @vite-ignore */ pathToFileURL(path).href
    );
    exported = Object.values(module as Record<string, unknown>);
  } catch (error) {
    throw moduleFailed(path, error, earlier);
  }
  // A module that is in the cache does not run again, so its exports tell which tasks are its own.
  const isOwn = (task: TaskRecord): boolean => !before.has(task) || exported.includes(task);
  return { path, tasks: [...rpcTasks].filter(isOwn), jobs: [...jobTasks].filter(isOwn) };
}

function moduleFailed(path: string, error: unknown, earlier: readonly TaskModule[]): BgtasksError {
  const reason = error instanceof Error ? error.message : String(error);
  const hint = howToImport(error, reason);
  const more = hint === undefined ? ownerOf(reason, earlier) : ` (${hint})`;
  const failed = new BgtasksError(
    "task_module_failed",
    `Cannot import the task module ${path}: ${reason}${more}`,
  );
  // A program's own error, of the same process: its stack tells the line.
  failed.cause = error;
  return failed;
}

/** What to do about a module that the runtime could not read; undefined for one that failed when it ran. */
function howToImport(error: unknown, reason: string): string | undefined {
  const { code, url } = error as { readonly code?: unknown; readonly url?: unknown };
  if (code === "ERR_UNKNOWN_FILE_EXTENSION") {
    return "Node before 22.18 needs a loader for TypeScript: install tsx, or run node --import tsx";
  }
  if (code === "ERR_UNSUPPORTED_TYPESCRIPT_SYNTAX") {
    return "Node only strips types. Enums, namespaces and parameter properties need tsx: npm install --save-dev tsx";
  }
  if (code === "ERR_MODULE_NOT_FOUND" && typeof url === "string") {
    const source = url.replace(/\.([mc]?)js$/, ".$1ts");
    const named = [source, `${url}.ts`].find((place) => place !== url && isFile(place));
    if (named !== undefined) {
      const name = named.slice(named.lastIndexOf("/") + 1);
      return `${name} is there: end the import in .ts, or install tsx: npm install --save-dev tsx`;
    }
  }
  if (/^Cannot use import statement|^Unexpected token 'export'/.test(reason)) {
    return 'package.json needs "type": "module": npm pkg set type=module';
  }
  return undefined;
}

function isFile(url: string): boolean {
  return url.startsWith("file:") && existsSync(fileURLToPath(url));
}

/** Of two modules with one route the first; nothing about other failures. */
function ownerOf(reason: string, earlier: readonly TaskModule[]): string {
  for (const { path, tasks, jobs } of earlier) {
    if ([...tasks, ...jobs].some(({ route }) => reason === duplicateRoute(route).message))
      return `, from ${path}`;
  }
  return "";
}
