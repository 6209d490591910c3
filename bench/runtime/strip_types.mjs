// Lets a Node without type stripping run our sources, e.g. Node 20: `node --import ./bench/runtime/strip_types.mjs x.ts`.
// Not tsx: for the sake of function names it wraps every closure that is made in a call, which no user of the built
// package pays for.
import { register } from "node:module";

if (!process.features.typescript) register("./strip_types_hooks.mjs", import.meta.url);
