import { BgtasksError } from "../errors.ts";
import { describeProblems, optionsOf } from "../options/option_rules.ts";
import { text } from "../options/rules.ts";
import type { RegisterTasksOptions, TaskModule } from "./task_module.ts";

/**
 * Imports the modules that define tasks, so that these are in the default registry. Not in browsers.
 *
 * @param globs patterns of files; by default every `tasks.ts`, `tasks.mts`, `tasks.js` and `tasks.mjs` below the working
 *   directory, without `node_modules`, build output and folders that begin with a dot
 * @throws BgtasksError with `code` `"no_tasks"` when no file matches
 * @throws BgtasksError with `code` `"task_module_failed"` that names the module which cannot be imported
 * @example
 * ```ts
 * import { registerTasks } from "bgtasks";
 *
 * for (const { path, tasks } of await registerTasks(["examples/two_services/stock/tasks.ts"])) {
 *   console.log(path, tasks.map((task) => task.route));
 * }
 * ```
 */
export async function registerTasks(
  globs?: string | readonly string[],
  options: RegisterTasksOptions = {},
): Promise<TaskModule[]> {
  const problems = describeProblems(optionsOf({ cwd: text }), options);
  if (problems !== undefined) {
    throw new BgtasksError("invalid_options", `Cannot register tasks: ${problems}`);
  }
  const { describeNoMatch, importTaskModules } = await import("./discovery.ts");
  const modules = await importTaskModules(globs, options);
  if (modules.length > 0) return modules;
  const why = await describeNoMatch(globs, options);
  throw new BgtasksError("no_tasks", `Cannot register tasks as ${why}`);
}
