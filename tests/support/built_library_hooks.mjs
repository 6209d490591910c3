import { join } from "node:path";
import process from "node:process";
import { pathToFileURL } from "node:url";

const entries = [
  ["bgtasks", "mod"],
  ["bgtasks/async-context", "src/async_context/async_context"],
].map(([name, path]) => ({
  name,
  sources: new URL(`../../${path}.ts`, import.meta.url).href,
  built: pathToFileURL(join(process.env.BGTASKS_TEST_BUILD, `${path}.js`)).href,
}));

/** The built library where the package's name is asked for. */
export const renamed = (specifier) =>
  entries.find(({ name }) => name === specifier)?.built ?? specifier;

/** The same where its sources were found. */
export const replaced = (found) => ({
  ...found,
  url: entries.find(({ sources }) => sources === found.url)?.built ?? found.url,
});

export async function resolve(specifier, context, nextResolve) {
  return replaced(await nextResolve(renamed(specifier), context));
}
