// For programs of the tests: the library is the one that was built for this run, in BGTASKS_TEST_BUILD, by whichever name or path
// a module imports it, so that there is one in a process.
import { join } from "node:path";
import process from "node:process";
import { pathToFileURL } from "node:url";

import { useLibrary } from "./use_library.mjs";

useLibrary((path) => pathToFileURL(join(process.env.BGTASKS_TEST_BUILD, `${path}.js`)).href);
