import module from "node:module";

import { initialize, resolveSync } from "./library_hooks.mjs";

/** What the package exports, and where its source is, without the ending. */
const entries = [
  ["bgtasks", "mod"],
  ["bgtasks/async-context", "src/async_context/async_context"],
];

/** Makes the package's names, and its sources, lead to what `toURL` tells for each path. */
export function useLibrary(toURL) {
  const pairs = entries.flatMap(([name, path]) => {
    const url = toURL(path);
    return [
      [name, url],
      [sourceOf(path), url],
    ];
  });
  if (module.registerHooks === undefined) {
    module.register("./library_hooks.mjs", { parentURL: import.meta.url, data: pairs });
  } else {
    initialize(pairs);
    module.registerHooks({ resolve: resolveSync });
  }
}

export function sourceOf(path) {
  return new URL(`../../${path}.ts`, import.meta.url).href;
}
