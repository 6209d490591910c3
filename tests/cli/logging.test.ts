import assert from "node:assert/strict";
import { describe, it } from "node:test";

import type { LogRecord } from "@logtape/logtape";

import { formatRecord } from "../../src/cli/terminal/logging.ts";
import { logger } from "../../src/log.ts";
import { CapturedLog } from "../foreign/captured_log.ts";

const FORGED = "x\n12:00:00.000 [fatal] bgtasks·amqp: forged\u001b[2J\u0007\r\u202e";

function record(message: readonly unknown[]): LogRecord {
  return {
    category: ["bgtasks", "amqp"],
    level: "warning",
    message,
    rawMessage: "",
    properties: {},
    timestamp: 0,
  };
}

describe("a log line of the command", () => {
  it("is one line, whatever text of a peer it holds", () => {
    const line = formatRecord(record(["refused ", FORGED, ""]), "[1] ");
    assert.match(line, /^\[1\] .*refused x\\u000a12:00.*forged\\u001b\[2J\\u0007\\u000d\\u202e\n$/);
    assert.equal(line.split("\n").length, 2);
  });

  it("has the further lines of an exception indented, so that none passes for a record", () => {
    const text = formatRecord(record(["failed: ", new Error(FORGED), ""]));
    const lines = text.trimEnd().split("\n");
    assert.ok(lines.length > 1);
    assert.ok(
      lines.slice(1).every((line) => line.startsWith("    ")),
      text,
    );
    // oxlint-disable-next-line no-control-regex -- control characters are what it looks for
    assert.doesNotMatch(text, /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/);
  });
});

describe("a record of the library", () => {
  it("has texts on one line, and all else as it is", async () => {
    await using log = await CapturedLog.start("debug");
    const id = crypto.randomUUID();
    logger("amqp").warn(`${id} {text} {number}`, { text: FORGED, number: 7 });
    const [message = ""] = log.messages(id);
    assert.ok(message.endsWith(" 7"), message);
    assert.doesNotMatch(message, /\n/);
  });
});
