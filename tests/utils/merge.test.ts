import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { merge, mergeDict, mergeMany, mergeObj } from "../../mod.ts";

const images = [
  { id: 7, path: "/7" },
  { id: "8", path: "/8" },
  { id: 0, path: "/0" },
];

// All three take a plain object and single rows.
for (const [name, mergeOne] of Object.entries({
  merge,
  mergeDict: mergeDict as typeof merge,
  mergeObj: mergeObj as typeof merge,
})) {
  describe(`${name}()`, () => {
    it("puts the matching row in the id's place and returns the object", () => {
      const user: Record<string, unknown> = { id: 1, image: 7 };
      assert.equal(mergeOne(user, "image", images, "id"), user);
      assert.deepEqual(user, { id: 1, image: { id: 7, path: "/7" } });
    });

    it("matches ids as text, and takes 0 for an id", () => {
      assert.deepEqual(mergeOne({ image: 8 }, "image", images, "id"), { image: images[1] });
      assert.deepEqual(mergeOne({ image: "7" }, "image", images, "id"), { image: images[0] });
      assert.deepEqual(mergeOne({ image: 0 }, "image", images, "id"), { image: images[2] });
    });

    it("returns undefined and changes nothing when no row matches", () => {
      for (const image of [9, null, undefined, {}]) {
        const user = { image };
        assert.equal(mergeOne(user, "image", [...images, { path: "no id" }], "id"), undefined);
        assert.deepEqual(user, { image });
      }
    });

    it("throws when told to", () => {
      assert.throws(() => mergeOne({ image: 9 }, "image", images, "id", true), {
        code: "not_merged",
      });
    });

    it("takes another key than id", () => {
      assert.deepEqual(mergeOne({ code: "NL" }, "code", [{ cca2: "NL" }], "cca2"), {
        code: { cca2: "NL" },
      });
    });
  });
}

describe("merge()", () => {
  it("puts a list in the place of a list of its ids, in order", () => {
    const lists = [[{ id: 1 }], [{ id: 1 }, { id: 2 }]];
    assert.deepEqual(merge({ tags: [1, 2] }, "tags", lists, "id"), { tags: lists[1] });
    assert.equal(merge({ tags: [2, 1] }, "tags", lists, "id"), undefined);
  });

  it("leaves prototypes alone", () => {
    const row: Record<string, unknown> = JSON.parse('{ "__proto__": 7 }');
    merge(row, "__proto__", images, "id");
    assert.equal(Object.getPrototypeOf(row), Object.prototype);
    assert.deepEqual(Object.entries(row), [["__proto__", images[0]]]);
    assert.equal(merge({}, "constructor", [{ id: Object.name }], "id"), undefined);
    assert.equal(({} as Record<string, unknown>)["path"], undefined);
  });
});

describe("mergeObj()", () => {
  it("writes through an accessor of a class", () => {
    class User {
      #image: unknown = 7;
      get image(): unknown {
        return this.#image;
      }
      set image(value: unknown) {
        this.#image = value;
      }
    }
    assert.deepEqual(mergeObj(new User(), "image", images, "id")?.image, images[0]);
  });
});

describe("mergeMany()", () => {
  it("merges every row, and lists of ids", () => {
    const rows = [
      { image: 7 },
      { image: "8" },
      { image: 9 },
      { image: null },
      {},
      { image: [0, 7, 9, null] },
    ];
    assert.equal(mergeMany(rows, "image", images, "id"), rows);
    assert.deepEqual(rows, [
      { image: images[0] },
      { image: images[1] },
      { image: 9 },
      { image: null },
      {},
      { image: [images[2], images[0], 9, null] },
    ]);
  });

  it("takes the first of two rows with one id", () => {
    assert.deepEqual(
      mergeMany(
        [{ a: 1 }],
        "a",
        [
          { id: 1, n: 1 },
          { id: "1", n: 2 },
        ],
        "id",
      ),
      [{ a: { id: 1, n: 1 } }],
    );
  });

  it("takes ids for what they are, __proto__ included", () => {
    assert.deepEqual(
      mergeMany([{ a: "__proto__" }, { a: "constructor" }], "a", [{ id: "__proto__" }], "id"),
      [{ a: { id: "__proto__" } }, { a: "constructor" }],
    );
  });
});
