import assert from "node:assert/strict";
import { describe, it } from "node:test";

import fc from "fast-check";

import { BgtasksError, merge, mergeDict, mergeMany, mergeObj } from "../../mod.ts";

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
    it("tells what it could not merge, whatever that is", () => {
      for (const image of [9, null, [], { toString: 1 }, Object.create(null)])
        assert.throws(() => mergeOne({ image }, "image", [], "id", true), { code: "not_merged" });
    });

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
  it("puts a list in the place of a list of its ids, whatever their order", () => {
    const lists = [[{ id: 1 }], [{ id: 1 }, { id: 2 }]];
    assert.deepEqual(merge({ tags: [1, 2] }, "tags", lists, "id"), { tags: lists[1] });
    assert.deepEqual(merge({ tags: ["2", 1, 2] }, "tags", lists, "id"), { tags: lists[1] });
    for (const tags of [[], [2], [1, 2, 3], [1, {}], [1, null]])
      assert.equal(merge({ tags }, "tags", lists, "id"), undefined, JSON.stringify(tags));
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

describe("merging rows of any content", () => {
  const names = fc.constantFrom("__proto__", "constructor", "toString", "id", "image", "");
  const values = fc.oneof(
    fc.constantFrom<unknown>(0, 1, "1", "", null, "__proto__", "constructor", { toString: 1 }),
    fc.jsonValue({ maxDepth: 2 }),
    fc.array(fc.nat({ max: 3 })),
  );
  /** As JSON makes them: "__proto__" is a field of its own. */
  const rows = fc.array(
    fc
      .array(fc.tuple(names, values), { maxLength: 4 })
      .map((fields) => JSON.parse(objectText(fields)) as Record<string, unknown>),
    { maxLength: 5 },
  );

  it("changes the named field or nothing, throws its own error or none, and never a prototype", () => {
    fc.assert(
      fc.property(rows, rows, names, names, fc.boolean(), (objects, dicts, field, key, raise) => {
        for (const object of objects) {
          const before = new Map(Object.entries(object));
          let merged: unknown;
          try {
            merged = merge(object, field, dicts, key, raise);
          } catch (error) {
            assert.ok(error instanceof BgtasksError && raise, String(error));
          }
          assert.ok(merged === undefined || merged === object);
          if (merged)
            before.set(
              field,
              dicts.find((dict) => dict === fieldOf(object, field)),
            );
          assert.deepEqual(new Map(Object.entries(object)), before);
          assert.equal(Object.getPrototypeOf(object), Object.prototype);
        }
        assert.deepEqual(Object.keys(Object.prototype), []);
      }),
    );
  });

  it("gives the same row by row as all at once", () => {
    fc.assert(
      fc.property(rows, rows, names, names, (objects, dicts, field, key) => {
        const single = structuredClone(objects).filter(
          (object) => !Array.isArray(fieldOf(object, field)),
        );
        const many = structuredClone(single);
        for (const object of single) merge(object, field, dicts, key);
        assert.deepEqual(mergeMany(many, field, dicts, key), single);
        assert.deepEqual(Object.keys(Object.prototype), []);
      }),
    );
  });
});

function objectText(fields: readonly (readonly [string, unknown])[]): string {
  const members = fields.map(([name, value]) => `${JSON.stringify(name)}:${JSON.stringify(value)}`);
  return `{${members.join(",")}}`;
}

function fieldOf(object: object, field: string): unknown {
  return Object.getOwnPropertyDescriptor(object, field)?.value;
}
