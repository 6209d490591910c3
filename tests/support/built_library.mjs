// For programs of the tests: the library is the one that was built for this run, in BGTASKS_TEST_BUILD, by whichever name or path
// a module imports it, so that there is one in a process.
import module from "node:module";

import { renamed, replaced } from "./built_library_hooks.mjs";

if (module.registerHooks === undefined)
  module.register("./built_library_hooks.mjs", import.meta.url);
else
  module.registerHooks({
    resolve: (specifier, context, nextResolve) =>
      replaced(nextResolve(renamed(specifier), context)),
  });
