// `npm run build`: writes dist/, the JavaScript and the types of the npm package.
import { cpSync, readFileSync, rmSync, writeFileSync } from "node:fs";

import { build } from "esbuild";

import { removeUnreachable } from "./package/declarations.ts";
import { pureCalls } from "./package/pure_calls.ts";
import { mustRun } from "./package/steps.ts";
import { inProject, projectRoot } from "./project.ts";

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

const outdir = inProject("dist");
rmSync(outdir, { recursive: true, force: true });
await mustRun(inProject("node_modules/.bin/tsc"), ["-p", inProject("tsconfig.build.json")]);
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
removeUnreachable(outdir, ["mod.d.ts", "src/async_context/async_context.d.ts"]);
// What the declarations mention has to be there for programs whose "lib" does not name it.
const declarations = inProject("dist/mod.d.ts");
const text = readFileSync(declarations, "utf8");
writeFileSync(declarations, `/// <reference lib="esnext.disposable" />\n${text}`);
cpSync(inProject("src/cli/init/starter"), inProject("dist/src/cli/init/starter"), {
  recursive: true,
});
