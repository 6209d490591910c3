import { readFile } from "node:fs/promises";
import process from "node:process";
import { fileURLToPath } from "node:url";

// Only for who asks for it, because lines change.
const sourcemap = process.execArgv.includes("--enable-source-maps") ? "inline" : false;

/** Turns a TypeScript module into the JavaScript it is when its types are left out. */
export async function load(url, context, nextLoad) {
  if (!url.startsWith("file:") || !url.endsWith(".ts")) return nextLoad(url, context);
  // Not before there is something to transform: to load it takes a fifth of a second.
  const { transform } = await import("esbuild");
  const text = await readFile(fileURLToPath(url), "utf8");
  const options = { loader: "ts", format: "esm", target: "es2022" };
  const { code } = await transform(text, { ...options, sourcefile: url, sourcemap });
  return { format: "module", source: code, shortCircuit: true };
}
