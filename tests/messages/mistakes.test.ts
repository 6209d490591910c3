import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { BgtasksError } from "../../mod.ts";
import { calls, envelopes, registrations, relations, testing } from "./mistakes.ts";

describe("the message about a mistake", () => {
  const all = { calls, registrations, envelopes, relations, testing };
  for (const [area, mistakes] of Object.entries(all)) {
    for (const [done, mistake, expected] of mistakes) {
      it(`with ${area}: ${done}`, async () => {
        const error: unknown = await new Promise((resolve) => resolve(mistake())).then(
          () => undefined,
          (reason: unknown) => reason,
        );
        assert.ok(error instanceof BgtasksError, `no error of ours: ${String(error)}`);
        if (typeof expected === "string") assert.equal(error.message, expected);
        else assert.match(error.message, expected);
        // What a log of JSON shows.
        assert.ok(JSON.stringify(error).includes(JSON.stringify(error.message).slice(1, -1)));
      });
    }
  }

  it("is in a table of at least 60", () => {
    assert.ok(Object.values(all).flat().length >= 60, String(Object.values(all).flat().length));
  });
});
