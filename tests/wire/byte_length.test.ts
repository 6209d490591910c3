import assert from "node:assert/strict";
import { describe, it } from "node:test";

import fc from "fast-check";

import { byteLength, isLongerThan } from "../../src/messages/byte_length.ts";

/** Any UTF-16, halves of pairs included. */
const anyText = fc
  .array(fc.oneof(fc.integer({ min: 0, max: 0xffff }), fc.integer({ min: 0xd800, max: 0xdfff })))
  .map((units) => String.fromCharCode(...units));

describe("byteLength()", () => {
  it("counts what the encoder writes", () => {
    fc.assert(
      fc.property(anyText, (text) => {
        assert.equal(byteLength(text), new TextEncoder().encode(text).length);
      }),
    );
  });
});

describe("isLongerThan()", () => {
  it("compares the bytes of a text with a limit", () => {
    fc.assert(
      fc.property(anyText, fc.integer({ min: -3, max: 3 }), (text, distance) => {
        const length = byteLength(text);
        assert.equal(isLongerThan(length + distance, text), distance < 0);
      }),
    );
  });
});
