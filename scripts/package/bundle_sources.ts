import { cpSync } from "node:fs";
import { join } from "node:path";
import { build } from "esbuild";

import { inProject, projectRoot } from "../project.ts";
import { pureCalls } from "./pure_calls.ts";

/**
 * What is loaded by itself: the library, the command, what bundles for browsers leave out, and what they have instead, see "browser" in package.json. All
 * the rest goes into few files beside these: to find and open a hundred small ones is most of what an import costs.
 */
const entryPoints = [
  "mod.ts",
  "src/async_context/async_context.ts",
  "src/cli/main.ts",
  "src/browser/no_async_context.ts",
  "src/browser/no_broker.ts",
  "src/browser/no_files.ts",
  "src/tasks/discovery.ts",
  "src/transport/amqp/amqp_transport.ts",
].map((file) => inProject(file));

/** Writes the JavaScript of the package, and the files that the command copies, without its types. */
export async function bundleSources(outdir: string): Promise<void> {
  await build({
    entryPoints,
    outdir,
    outbase: projectRoot,
    chunkNames: "chunks/[name]-[hash]",
    bundle: true,
    splitting: true,
    plugins: [pureCalls],
    packages: "external",
    format: "esm",
    platform: "neutral",
    external: ["node:*"],
    target: "es2022",
    sourcemap: true,
    // The sources are in the package.
    sourcesContent: false,
    logLevel: "warning",
  });
  const starter = "src/cli/init/starter";
  cpSync(inProject(starter), join(outdir, starter), { recursive: true });
}
