// oxlint-disable no-unused-vars -- what `using` declares is used when it is disposed
import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { DrainProgress } from "../../src/cli/terminal/drain_progress.ts";
import { waitFor } from "../support/wait_for.ts";

class FakeTerminal {
  text = "";
  readonly isTTY: boolean;

  constructor(isTTY: boolean) {
    this.isTTY = isTTY;
  }

  write(text: string): void {
    this.text += text;
  }
}

describe("DrainProgress", () => {
  it("tells on one line of a terminal how many handlers are left, and clears it in the end", async () => {
    const terminal = new FakeTerminal(true);
    let running = 12;
    {
      using progress = new DrainProgress(terminal, () => running, 8_000);
      assert.equal(terminal.text, "\r\u001b[Kwaiting for 12 handlers, 8 s left");
      running = 1;
      await waitFor(() => terminal.text.includes("waiting for 1 handler, "), "the next line");
    }
    assert.ok(terminal.text.endsWith("\r\u001b[K"));
    assert.ok(!terminal.text.includes("\n"));
  });

  it("never counts below 0", () => {
    const terminal = new FakeTerminal(true);
    using progress = new DrainProgress(terminal, () => 1, -500);
    assert.match(terminal.text, /, 0 s left$/);
  });

  it("says nothing where there is no terminal", () => {
    const pipe = new FakeTerminal(false);
    {
      using progress = new DrainProgress(pipe, () => 1, 1_000);
    }
    assert.equal(pipe.text, "");
  });
});
