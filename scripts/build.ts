// `npm run build`: writes dist/, the JavaScript and the types of the npm package.
import { readFileSync, rmSync, writeFileSync } from "node:fs";

import { bundleSources } from "./package/bundle_sources.ts";
import { removeUnreachable } from "./package/declarations.ts";
import { mustRun } from "./package/steps.ts";
import { inProject } from "./project.ts";

const outdir = inProject("dist");
rmSync(outdir, { recursive: true, force: true });
await mustRun(inProject("node_modules/.bin/tsc"), ["-p", inProject("tsconfig.build.json")]);
await bundleSources(outdir);
removeUnreachable(outdir, ["mod.d.ts", "src/async_context/async_context.d.ts"]);
// What the declarations mention has to be there for programs whose "lib" does not name it.
const declarations = inProject("dist/mod.d.ts");
const text = readFileSync(declarations, "utf8");
writeFileSync(declarations, `/// <reference lib="esnext.disposable" />\n${text}`);
