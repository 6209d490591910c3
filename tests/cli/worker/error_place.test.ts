import assert from "node:assert/strict";
import { join } from "node:path";
import process from "node:process";
import { describe, it } from "node:test";

import { errorPlace } from "../../../src/cli/worker/error_place.ts";
import { ownCommand } from "../../../src/cli/worker/own_command.ts";
import { VERSION } from "../../../src/version.ts";

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

describe("ownCommand()", () => {
  const from = "file:///shop/node_modules/bgtasks/dist/src/cli/worker/own_command.js";
  const main = "/shop/node_modules/bgtasks/dist/src/cli/main.js";

  it("runs the program that runs", () => {
    const [program, args] = ownCommand(from, {});
    assert.deepEqual([program, args.at(-1)], [process.execPath, main]);
  });

  it("runs on Deno with its permissions, from wherever it was loaded", () => {
    const deno = { deno: "2.9.0" };
    assert.deepEqual(ownCommand(from, deno)[1], ["run", "-A", main]);
    const cached = from.replace(
      "/shop/node_modules/bgtasks",
      "/cache/npm/registry.npmjs.org/bgtasks/0.1.0",
    );
    assert.deepEqual(ownCommand(cached, deno)[1], ["run", "-A", `npm:bgtasks@${VERSION}`]);
    const jsr = "https://jsr.io/@bgtasks/bgtasks/0.1.0/src/cli/worker/own_command.ts";
    const script = "https://jsr.io/@bgtasks/bgtasks/0.1.0/src/cli/main.ts";
    assert.deepEqual(ownCommand(jsr, deno)[1], ["run", "-A", script]);
  });
});
