import { copyFile, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";

import { build } from "esbuild";

/** What a build made. */
export interface BuiltPage {
  /** The page; its script lies beside it. */
  readonly file: string;
  /** The script's size in bytes, minified, and that of the same gzipped. */
  readonly bytes: number;
  readonly gzipped: number;
}

/** Bundles the page's script for browsers. */
export async function buildPage(folder: string): Promise<BuiltPage> {
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL("page.ts", import.meta.url))],
    outdir: folder,
    bundle: true,
    minify: true,
    platform: "browser",
    // A module would need a web server: browsers load none from files.
    format: "iife",
    target: "es2022",
    write: false,
  });
  const [script] = outputFiles;
  if (!script) throw new Error("esbuild has written nothing");
  await mkdir(folder, { recursive: true });
  await writeFile(script.path, script.contents);
  const file = join(folder, "index.html");
  await copyFile(new URL("index.html", import.meta.url), file);
  return { file, bytes: script.contents.length, gzipped: gzipSync(script.contents).length };
}
