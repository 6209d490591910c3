/**
 * `npm run example -- browser`
 *
 * A web page that uses serializers and the loopback: builds it with esbuild, tells how large its script is, and runs it in
 * a headless Chromium, if there is one; CHROMIUM names another program than `chromium`.
 */
import process from "node:process";
import { fileURLToPath } from "node:url";

import { buildPage } from "./build_page.ts";
import { runPage } from "./run_page.ts";

const folder = fileURLToPath(new URL("dist", import.meta.url));
const { file, bytes, gzipped } = await buildPage(folder);
console.log(`${file}: its script takes ${kB(bytes)}, ${kB(gzipped)} gzipped`);

const page = await runPage(file, process.env["CHROMIUM"] ?? "chromium");
console.log(page ?? "Open it in a browser: there is no chromium here to run it in.");

function kB(bytes: number): string {
  return `${(bytes / 1_000).toFixed(1)} kB`;
}
