import { fileURLToPath } from "node:url";

/** The folder of package.json. */
export const projectRoot: string = fileURLToPath(new URL("..", import.meta.url));

/** A path inside the project. */
export function inProject(path: string): string {
  return fileURLToPath(new URL(`../${path}`, import.meta.url));
}
