import { createHash } from "node:crypto";
import { readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";

// Only for who asks for it, because lines change.
const sourcemap = process.execArgv.includes("--enable-source-maps") ? "inline" : false;
/** Where transformed modules are kept, for the sake of runs that load each of them hundreds of times. */
const { BGTASKS_TRANSFORMED: folder } = process.env;

/** Turns a TypeScript module into the JavaScript it is when its types are left out. */
export async function load(url, context, nextLoad) {
  if (!url.startsWith("file:") || !url.endsWith(".ts")) return nextLoad(url, context);
  const text = await readFile(fileURLToPath(url), "utf8");
  const source = folder ? await transformOnce(text, url) : await transform(text, url);
  return { format: "module", source, shortCircuit: true };
}

async function transformOnce(text, url) {
  const name = createHash("sha256").update(`${sourcemap}\n${url}\n${text}`).digest("hex");
  const file = join(folder, name);
  try {
    return await readFile(file, "utf8");
  } catch {
    const code = await transform(text, url);
    // Others may write the same one at this moment, and read it.
    const whole = `${file}.${process.pid}`;
    await writeFile(whole, code);
    await rename(whole, file);
    return code;
  }
}

async function transform(text, url) {
  // Not before there is something to transform: to load it takes a fifth of a second.
  const esbuild = await import("esbuild");
  const options = { loader: "ts", format: "esm", target: "es2022" };
  const { code } = await esbuild.transform(text, { ...options, sourcefile: url, sourcemap });
  return code;
}
