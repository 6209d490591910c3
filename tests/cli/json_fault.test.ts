import assert from "node:assert/strict";
import { describe, it } from "node:test";

import fc from "fast-check";

import { findJSONFault } from "../../src/cli/terminal/json_fault.ts";

describe("findJSONFault()", () => {
  const faults: [text: string, offset: number, problem: RegExp][] = [
    ["{a: 1}", 1, /a name in double quotes/],
    ['{"a" 1}', 5, /":" was expected/],
    ['{"a": 1 "b": 2}', 8, /"," or "}"/],
    ['{"a": 1,}', 8, /a name in double quotes/],
    ["[1, 2,]", 6, /none may be missing/],
    ["[1 2]", 3, /"," or "]"/],
    ["'text'", 0, /double quotes/],
    ["hello", 0, /a value was expected/],
    ["nulla", 0, /a value was expected/],
    ["1 2", 2, /the value ended before this/],
    ["01", 0, /not a number/],
    ["-", 0, /a value was expected/],
    ["1.5.2", 0, /not a number/],
    ['"open', 0, /this string has no end/],
    ['"a\\x"', 2, /not an escape/],
    ['"a\nb"', 2, /line breaks/],
    ["[1", 2, /ends too early/],
    ["{", 1, /ends too early/],
    ["", 0, /ends too early/],
  ];
  for (const [text, offset, problem] of faults) {
    it(`points at ${offset} of ${JSON.stringify(text)}`, () => {
      const fault = findJSONFault(text);
      assert.equal(fault?.offset, offset);
      assert.match(fault.problem, problem);
    });
  }

  it("finds nothing wrong with any JSON", () => {
    fc.assert(
      fc.property(fc.json(), fc.constantFrom(undefined, 1, "\t"), (text, space) => {
        assert.equal(findJSONFault(JSON.stringify(JSON.parse(text), null, space)), undefined);
      }),
    );
  });

  it("agrees with JSON.parse on texts with one character changed", () => {
    const changed = fc
      .tuple(fc.json(), fc.nat(), fc.constantFrom(...'{}[]",:01-.e\\ntf '.split("")))
      .map(([text, at, character]) => {
        const place = at % text.length;
        return text.slice(0, place) + character + text.slice(place + 1);
      });
    fc.assert(
      fc.property(changed, (text) => assert.equal(findJSONFault(text) === undefined, parses(text))),
      { numRuns: 2_000 },
    );
  });

  it("does not break on what nests deeper than the stack", () => {
    assert.match(findJSONFault("[".repeat(1_000_000))?.problem ?? "", /deep/);
  });
});

function parses(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
