import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { InvalidArgumentError } from "commander";

import { takeLetters } from "../../../src/cli/jobs/letter_arguments.ts";
import type { LetterOptions } from "../../../src/cli/jobs/letter_arguments.ts";
import { parseTime } from "../../../src/cli/jobs/send_command.ts";
import type { CommandFailure } from "../../../src/cli/terminal/exit_code.ts";
import { parseDuration } from "../../../src/cli/terminal/duration.ts";

const take = (route: string | undefined, ids: readonly string[], options: LetterOptions = {}) =>
  takeLetters("discard", route, ids, options, "--all");

describe("the arguments of bgtasks jobs", () => {
  it("name letters of a route, each once, or all of them", () => {
    assert.deepEqual(take("r", ["a", "b", "a"]), { route: "r", choice: { ids: ["a", "b"] } });
    assert.deepEqual(take("r", ["a"], { limit: 2 }), {
      route: "r",
      choice: { ids: ["a"], limit: 2 },
    });
    assert.deepEqual(take("r", [], { all: true }), { route: "r", choice: {} });
  });

  it("name lost letters without a route", () => {
    const { route, choice } = take("a", ["b"], { lost: true });
    assert.deepEqual([route, choice.ids], [undefined, ["a", "b"]]);
    assert.deepEqual(take(undefined, [], { lost: true, all: true }).choice, {});
  });

  for (const [route, ids, options, message] of [
    ["r", [], {}, /^Cannot tell which dead letters to discard: name their ids, or say --all$/],
    [undefined, [], { lost: true }, /^Cannot tell which/],
    [undefined, [], { all: true }, /without a route, or --lost$/],
    ["r", [""], {}, /by an empty id: is a variable unset\?$/],
    ["", [], { lost: true }, /by an empty id/],
    ["r", ["a"], { all: true }, /both all dead letters and those that are named/],
  ] as const) {
    it(`are refused: ${JSON.stringify([route, ids, options])}`, () => {
      assert.throws(
        () => take(route, ids, options),
        (error: CommandFailure) => {
          assert.match(error.message, message);
          return error.exitCode === 2;
        },
      );
    });
  }

  it("are times with a time of day", () => {
    assert.equal(parseTime("2026-12-24T18:00+01:00").toISOString(), "2026-12-24T17:00:00.000Z");
    assert.equal(parseTime("2026-12-24 18:00:01.5Z").toISOString(), "2026-12-24T18:00:01.500Z");
    assert.equal(parseTime("2026-12-24T18:00").getTime(), new Date(2026, 11, 24, 18).getTime());
    for (const text of ["2026-12-24", "tomorrow", "2026-13-24T18:00", "18:00", "1766595600", ""])
      assert.throws(() => parseTime(text), InvalidArgumentError, text);
  });

  it("are durations of up to days", () => {
    assert.equal(parseDuration("7d"), 604_800_000);
  });
});
