// For the command that was built for the tests, in BGTASKS_TEST_BUILD: there is one library in its process, whatever a task
// module imports.
import module from "node:module";

import { renamed, replaced } from "./built_library_hooks.mjs";

if (module.registerHooks === undefined)
  module.register("./built_library_hooks.mjs", import.meta.url);
else
  module.registerHooks({
    resolve: (specifier, context, nextResolve) =>
      replaced(nextResolve(renamed(specifier), context)),
  });
