import { join } from "node:path";
import process from "node:process";
import { pathToFileURL } from "node:url";

const sources = new URL("../../mod.ts", import.meta.url).href;
const built = pathToFileURL(join(process.env.BGTASKS_TEST_BUILD, "mod.js")).href;

/** The built library where the package's name is asked for. */
export const renamed = (specifier) => (specifier === "bgtasks" ? built : specifier);
/** The same where its sources were found. */
export const replaced = (found) => (found.url === sources ? { ...found, url: built } : found);

export async function resolve(specifier, context, nextResolve) {
  return replaced(await nextResolve(renamed(specifier), context));
}
