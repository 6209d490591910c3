import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../..", import.meta.url));
const pages = [
  ...["README.md", "CONTRIBUTING.md", "CHANGELOG.md"],
  ...readdirSync(join(root, "docs"))
    .filter((name) => name.endsWith(".md"))
    .map((name) => `docs/${name}`),
  ...["examples/README.md", "examples/two_services/README.md"],
];

describe("links between the documents", () => {
  for (const page of pages) {
    it(`of ${page} lead to files and headings that are there`, () => {
      const wrong = links(read(page)).filter((link) => !leadsSomewhere(page, link));
      assert.deepEqual(wrong, []);
    });
  }

  it("from the README reach every page", () => {
    const linked = new Set(
      links(read("README.md")).map((link) => join(".", link.split("#")[0] ?? "")),
    );
    const missing = pages.filter((page) => page.startsWith("docs/") && !linked.has(page));
    assert.deepEqual(missing, []);
  });
});

function leadsSomewhere(page: string, link: string): boolean {
  const [path = "", anchor] = link.split("#");
  const target = path === "" ? page : join(dirname(page), path);
  if (!existsSync(join(root, target))) return false;
  return anchor === undefined || anchors(read(target)).includes(anchor);
}

function links(text: string): string[] {
  return [...withoutCode(text).matchAll(/\]\(([^)\s]+)\)/g)]
    .map(([, link = ""]) => link)
    .filter((link) => !/^[a-z]+:/.test(link));
}

/** The anchors that GitHub gives to headings. */
function anchors(text: string): string[] {
  return [...withoutCode(text).matchAll(/^#+ (.+)$/gm)].map(([, heading = ""]) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N} _-]/gu, "")
      .replaceAll(" ", "-"),
  );
}

function withoutCode(text: string): string {
  return text.replaceAll(/^```[^]*?^```$/gm, "");
}

function read(path: string): string {
  return readFileSync(join(root, path), "utf8");
}
