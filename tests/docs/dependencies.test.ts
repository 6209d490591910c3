import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { readDocument } from "./markdown_snippets.ts";

describe("docs/dependencies.md", () => {
  const page = readDocument("docs/dependencies.md");
  const manifest = JSON.parse(readDocument("package.json")) as Record<
    "dependencies" | "devDependencies",
    Record<string, string>
  >;
  const [installed = "", development = ""] = page.split("## For development only");

  for (const [kind, text] of [
    ["dependencies", installed],
    ["devDependencies", development],
  ] as const) {
    it(`gives a reason for each of the ${kind}, and for no others`, () => {
      const rows = [...text.matchAll(/^\|([^|]*`[^|]*)\| [^|]+\|/gm)].map(
        ([, names = ""]) => names,
      );
      const named = rows.flatMap((names) =>
        [...names.matchAll(/`([^`]+)`/g)].map(([, name = ""]) => name),
      );
      assert.deepEqual(named.sort(), Object.keys(manifest[kind]).sort());
    });
  }

  it("lets npm install everything on Node 20 without a warning", () => {
    const { packages } = JSON.parse(readDocument("package-lock.json")) as {
      packages: Record<string, { engines?: { node?: string } }>;
    };
    const tooNew = Object.entries(packages).filter(([, { engines }]) =>
      /^\s*>=?\s*2[1-9](?:\.[\d.]+)?\s*$/.test(engines?.node ?? ""),
    );
    assert.ok(Object.keys(packages).length > 100);
    assert.deepEqual(tooNew, []);
  });
});
