import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";

import { readDocument } from "./markdown_snippets.ts";

const source = fileURLToPath(new URL("../../src/", import.meta.url));

/** Where a code is given to an error: `new BgtasksError("code"`, or the same within one of its classes. */
const GIVEN_CODE = /(?:\bnew (?:BgtasksError|TaskError)|\bsuper)\(\s*"([a-z][a-z_]*)"/g;
const ANY_ERROR = /\bnew (?:BgtasksError|TaskError)\(/g;

describe("docs/errors.md", () => {
  const codes = new Set<string>();
  const withoutCode: string[] = [];
  for (const file of readdirSync(source, { recursive: true, encoding: "utf8" })) {
    if (!file.endsWith(".ts")) continue;
    const code = withoutComments(readFileSync(source + file, "utf8"));
    const given = [...code.matchAll(GIVEN_CODE)];
    for (const [, name = ""] of given) codes.add(name);
    const literal = given.filter(([text]) => text.startsWith("new")).length;
    if ([...code.matchAll(ANY_ERROR)].length > literal) withoutCode.push(file);
  }
  const page = readDocument("docs/errors.md");
  const anchors = [...page.matchAll(/^### `([a-z_]+)`$/gm)].map(([, name = ""]) => name);

  it("is checked against every code: each is a literal where the error is made", () => {
    assert.deepEqual(withoutCode, []);
    // Of each kind one that is known to be there: the expressions above find what they should.
    for (const known of ["timeout", "invalid_route", "not_served", "fail_response", "no_tasks"])
      assert.ok(codes.has(known), known);
  });

  it("has an anchor for every code of the sources", () => {
    assert.deepEqual(
      [...codes].filter((code) => !anchors.includes(code)),
      [],
    );
  });

  it("has no anchor for a code that is gone, and none twice", () => {
    assert.deepEqual(
      anchors.filter((anchor) => !codes.has(anchor)),
      [],
    );
    assert.equal(new Set(anchors).size, anchors.length);
  });

  it("tells of each what happened and what to do", () => {
    const sections = page.split(/^(?=### `)/m).slice(1);
    assert.equal(sections.length, anchors.length);
    for (const section of sections) {
      const [title] = section.split("\n");
      assert.match(section, /\*\*What happened\.\*\* \S+/, title);
      assert.match(section, /\*\*What to do\.\*\* \S+/, title);
    }
  });
});

/** Examples in comments make errors of their own. */
function withoutComments(code: string): string {
  return code.replaceAll(/\/\*[^]*?\*\//g, "").replaceAll(/^\s*\/\/.*$/gm, "");
}
