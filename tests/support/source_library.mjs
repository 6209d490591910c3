// For test files on Node: the library is its sources, by the package's name, too.
import { sourceOf, useLibrary } from "./use_library.mjs";

useLibrary(sourceOf);
