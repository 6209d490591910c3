import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";

import { build } from "esbuild";

/**
 * What web pages import, and what it takes at most in their bundle, minified and compressed, in bytes. A client brings the
 * loopback and what answers there; serializers bring the client, the plans, checks and merging of rows, and the parts of
 * valibot that these use, 2 KB, which a page with schemas has anyway.
 */
const LIMITS: readonly (readonly [names: string, bytes: number])[] = [
  ["RPCStatus", 1_000],
  ["serializer, remoteField, configure, rpcTasks", 52_000],
  ["RPCClient", 31_000],
  ["JobClient, jobTasks", 32_000],
];

/** Bundles what pages import from the package in `folder`; throws when one takes more than it may. */
export async function checkSizes(folder: string): Promise<void> {
  for (const [names, limit] of LIMITS) {
    const entry = join(folder, "size.js");
    writeFileSync(entry, `import { ${names} } from "bgtasks"; console.log(${names});`);
    const options = { bundle: true, minify: true, format: "esm", platform: "browser" } as const;
    const { outputFiles } = await build({ ...options, entryPoints: [entry], write: false });
    const bytes = gzipSync(outputFiles[0]?.contents ?? "").length;
    if (bytes > limit) {
      throw new Error(`{ ${names} } takes ${bytes} bytes of a web page, more than ${limit}`);
    }
  }
}
