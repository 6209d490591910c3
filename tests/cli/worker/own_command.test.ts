import assert from "node:assert/strict";
import process from "node:process";
import { describe, it } from "node:test";

import { ownCommand } from "../../../src/cli/worker/own_command.ts";
import { VERSION } from "../../../src/version.ts";

describe("ownCommand()", () => {
  const path = "/shop/node_modules/bgtasks/dist/src/cli/main.js";
  const deno = { deno: "2.9.0" };

  it("runs the program that runs", () => {
    const [program, args] = ownCommand(`file://${path}`, {});
    assert.deepEqual([program, args.at(-1)], [process.execPath, path]);
  });

  it("runs on Deno with its permissions", () => {
    assert.deepEqual(ownCommand(`file://${path}`, deno)[1], ["run", "-A", path]);
  });

  it("runs a file of Deno's cache as a part of its package, and one of JSR by its address", () => {
    const cached = "file:///cache/npm/registry.npmjs.org/bgtasks/0.1.0/dist/src/cli/main.js";
    assert.deepEqual(ownCommand(cached, deno)[1], ["run", "-A", `npm:bgtasks@${VERSION}`]);
    const jsr = "https://jsr.io/@bgtasks/bgtasks/0.1.0/src/cli/main.ts";
    assert.deepEqual(ownCommand(jsr, deno)[1], ["run", "-A", jsr]);
  });
});
