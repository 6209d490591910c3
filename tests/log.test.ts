import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { logger } from "../src/log.ts";
import { CapturedLog } from "./foreign/captured_log.ts";
import { runScript } from "./support/run_script.ts";

describe("the library's log", () => {
  it("goes to the LogTape of the program, also by loggers that are older", async () => {
    const log = logger("tasks");
    const id = crypto.randomUUID();
    log.warn(`before ${id}`);
    await using captured = await CapturedLog.start("info");
    assert.equal(log.isEnabledFor("info"), true);
    assert.equal(log.isEnabledFor("debug"), false);
    log.info(`after ${id} {number}`, { number: 7 });
    log.debug(`debug ${id}`);
    assert.deepEqual(captured.messages(id), [`after ${id} 7`]);
  });

  it("is closed again when the program resets LogTape", async () => {
    const log = logger("tasks");
    {
      await using captured = await CapturedLog.start("debug");
      assert.deepEqual(captured.messages(), []);
      assert.equal(log.isEnabledFor("error"), true);
    }
    assert.equal(log.isEnabledFor("error"), false);
  });

  it("loads no LogTape into programs that have none", async () => {
    const file = new URL("fixtures/without_logtape.ts", import.meta.url).pathname;
    const { stdout, stderr } = await runScript(file);
    assert.equal(stdout.trim(), "42 undefined", stderr);
  });
});
