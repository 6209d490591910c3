/** What a bundle for browsers has in the place of src/tasks/discovery.ts: see "browser" in package.json. */
import { BgtasksError } from "../errors.ts";

/** Refuses to look for files. */
export function importTaskModules(): Promise<never> {
  const remedy = "import the modules that call rpcTasks() instead";
  return Promise.reject(
    new BgtasksError(
      "no_files",
      `Cannot register tasks by their files as this is a bundle for browsers: ${remedy}`,
    ),
  );
}
