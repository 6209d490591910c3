import type { TaskModule } from "../tasks/register_tasks.ts";
import { registerTasks } from "../tasks/register_tasks.ts";
import { loadTypeScriptLoader } from "./typescript_loader.ts";

/** Imports the task modules, as {@link registerTasks} does; those in TypeScript too wherever a loader for it is at hand. */
export async function loadTasks(globs: readonly string[] | undefined): Promise<TaskModule[]> {
  await loadTypeScriptLoader();
  return registerTasks(globs);
}
