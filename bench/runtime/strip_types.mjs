// Lets a Node without type stripping run our sources, e.g. Node 20: `node --import ./bench/runtime/strip_types.mjs x.ts`.
// Not tsx, which for the sake of function names wraps every closure that is made in a call, and no user of the built package pays it.
import { register } from "node:module";

if (!process.features.typescript) register("./strip_types_hooks.mjs", import.meta.url);
