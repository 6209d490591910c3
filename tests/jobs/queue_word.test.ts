import assert from "node:assert/strict";
import { describe, it } from "node:test";

import fc from "fast-check";

import { fromWord, toWord } from "../../src/jobs/queue_word.ts";

describe("a queue's name as a word of a routing key", () => {
  it("is read back as it was, whatever the name", () => {
    const unit = fc.constantFrom(".", "*", "#", "%", "2", "E", "a", "ä", "💡", "\u0000", " ");
    const name = fc.oneof(fc.string(), fc.string({ unit }), fc.string({ unit: "grapheme" }));
    fc.assert(
      fc.property(name, (queue) => assert.equal(fromWord(toWord(queue)), queue)),
      { numRuns: 2_000 },
    );
  });

  it("has neither dots nor what binding keys take for a pattern", () => {
    assert.equal(toWord("bgtasks.job.images.resize"), "bgtasks%2Ejob%2Eimages%2Eresize");
    assert.equal(toWord("*"), "%2A");
    assert.equal(toWord("#"), "%23");
    assert.equal(toWord("50%2E"), "50%252E");
  });

  it("leaves letters of other languages as they are, which would take three times the bytes", () => {
    assert.equal(toWord("größe-大小"), "größe-大小");
  });

  it("is read without an error when it is not one of ours", () => {
    assert.equal(fromWord("100%"), "100%");
    assert.equal(fromWord("%zz%2e"), "%zz%2e");
  });
});
