import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";

import { buildPage } from "../../examples/browser/build_page.ts";
import { runPage } from "../../examples/browser/run_page.ts";

const { bun, deno } = process.versions;
const chromium = process.env["CHROMIUM"] ?? "chromium";
const onNode = bun || deno ? "is the same whatever runs the browser" : false;
const skip = onNode || (hasChromium() ? false : `needs a browser: there is no ${chromium}`);

describe("the example in a browser", () => {
  it("is bundled, and stays small", { skip: onNode }, async () => {
    await withPage(({ bytes, gzipped }) => {
      assert.ok(bytes > 20_000, `${bytes} bytes: that cannot be all of it`);
      assert.ok(gzipped < 53_000, `${gzipped} bytes, gzipped`);
    });
  });

  it("shows rows with their remote rows, and what is wrong with a form", { skip }, async () => {
    await withPage(async ({ file }) => {
      const html = (await runPage(file, chromium)) ?? "";
      assert.match(html, /<title>done<\/title>/);
      assert.deepEqual(
        [...html.matchAll(/<li>(.*?)<\/li>/g)].map(([, text]) => text),
        [
          "Tom: /images/tom.jpg",
          "Bob: /images/bob.jpg",
          "Ann: no image",
          "name: At least two letters.",
          'image: Invalid pk "9" - object does not exist.',
        ],
      );
    });
  });
});

function hasChromium(): boolean {
  return spawnSync(chromium, ["--version"], { stdio: "ignore" }).status === 0;
}

async function withPage(
  use: (page: Awaited<ReturnType<typeof buildPage>>) => Promise<void> | void,
): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "bgtasks-page-"));
  try {
    await use(await buildPage(folder));
  } finally {
    await rm(folder, { recursive: true });
  }
}
