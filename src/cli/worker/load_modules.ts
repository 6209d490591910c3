import { relative } from "node:path";
import process from "node:process";

import type { TaskModule } from "../../tasks/task_module.ts";
import { jobTasks } from "../../jobs/job_registry.ts";
import { rpcTasks } from "../../tasks/task_registry.ts";
import { loadTypeScriptLoader } from "../project/typescript_loader.ts";
import { errorPlace } from "./error_place.ts";
import type { ModuleFailure } from "./process_messages.ts";

/** Task modules and those that could not be imported. */
export interface LoadedModules {
  readonly modules: readonly TaskModule[];
  readonly failures: readonly ModuleFailure[];
  /** The absolute paths of all of them. */
  readonly files: readonly string[];
}

/** Imports the task modules that can be imported; of the others nothing stays registered. */
export async function loadWhatLoads(globs: readonly string[] | undefined): Promise<LoadedModules> {
  await loadTypeScriptLoader();
  const { findTaskModules, importTaskModule } = await import("../../tasks/discovery.ts");
  const files = await findTaskModules(globs);
  const modules: TaskModule[] = [];
  const failures: ModuleFailure[] = [];
  for (const path of files) {
    const before = new Set<unknown>([...rpcTasks, ...jobTasks]);
    try {
      modules.push(await importTaskModule(path, modules));
    } catch (error) {
      for (const registry of [rpcTasks, jobTasks])
        for (const task of [...registry]) if (!before.has(task)) registry.delete(task.route);
      failures.push(describe(error, path));
    }
  }
  return { modules, failures, files };
}

function describe(error: unknown, path: string): ModuleFailure {
  const { cause, message } = error as Error;
  // The place says which module it is.
  const reason = message.replace(`Cannot import the task module ${path}: `, "");
  const here = `${process.cwd()}/`;
  return {
    place: errorPlace(cause, path) || relative(process.cwd(), path),
    message: reason.replaceAll(here, ""),
  };
}
