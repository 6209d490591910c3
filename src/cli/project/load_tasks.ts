import type { TaskModule } from "../../tasks/task_module.ts";
import { loadTypeScriptLoader } from "./typescript_loader.ts";

/** Imports the task modules, those in TypeScript too wherever a loader for it is at hand. */
export async function loadTasks(globs: readonly string[] | undefined): Promise<TaskModule[]> {
  await loadTypeScriptLoader();
  const { importTaskModules } = await import("../../tasks/discovery.ts");
  return importTaskModules(globs);
}
