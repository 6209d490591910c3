import assert from "node:assert/strict";
import { join } from "node:path";
import process from "node:process";
import { describe, it } from "node:test";

import { errorPlace } from "../../../src/cli/worker/error_place.ts";

describe("errorPlace()", () => {
  const path = join(process.cwd(), "a/tasks.ts");

  function withStack(...lines: string[]): Error {
    return Object.assign(new Error("no"), { stack: ["Error: no", ...lines].join("\n    at ") });
  }

  const cases: [said: string, error: unknown, place: string][] = [
    ["a frame with a name", withStack(`Object.<anonymous> (file://${path}:3:7)`), "a/tasks.ts:3:7"],
    ["a frame without one", withStack(`${path}:3:7`), "a/tasks.ts:3:7"],
    ["what a loader adds", withStack(`file://${path}?tsx=1:3:7`), "a/tasks.ts:3:7"],
    ["the module's own frame", withStack("/other/x.ts:1:1", `${path}:3:7`), "a/tasks.ts:3:7"],
    [
      "what the module imports",
      withStack(`${process.cwd()}/node_modules/x/y.js:1:1`, `${process.cwd()}/b.ts:9:2`),
      "b.ts:9:2",
    ],
    [
      "Bun's position",
      Object.assign(new Error("no"), { position: { file: path, line: 3, column: 7 } }),
      "a/tasks.ts:3:7",
    ],
    ["a place in the message", new Error(`Transform failed\n${path}:3:7: ERROR`), "a/tasks.ts:3:7"],
    ["no place", "no", "a/tasks.ts"],
    ["a stack of others alone", withStack("node:internal/x:1:1"), "a/tasks.ts"],
  ];
  for (const [said, error, place] of cases) {
    it(`reads ${said}`, () => assert.equal(errorPlace(error, path), place));
  }
});
