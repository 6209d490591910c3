import assert from "node:assert/strict";
import { describe, it } from "node:test";

import * as v from "valibot";

import { remoteField, serializer, ValidationError } from "../../mod.ts";
import { FakeClient } from "./fake_client.ts";

const image = remoteField(v.number(), { route: "images" });
const services = new FakeClient({
  images: (ids: number[]) => ids.filter((id) => id < 9).map((id) => ({ id, path: `/${id}.jpg` })),
});

describe("columns", () => {
  it("run the checks before a change, also behind a remote field", async () => {
    const path = v.pipe(
      image,
      v.check((found) => found !== null, "No such image."),
      v.transform((found) => (found as { path: string }).path),
      v.check((found) => found === "never checked"),
    );
    const Serializer = serializer(v.object({ path }), services);
    assert.deepEqual(await Serializer.serialize({ path: 1 }), { path: "/1.jpg" });
    await assert.rejects(Serializer.serialize([{ path: 9 }]), (error) => {
      assert.ok(error instanceof ValidationError);
      assert.deepEqual(error.errors, { "[0].path": ["No such image."] });
      return true;
    });
  });

  it("may be checked asynchronously, which validate() does", async () => {
    const free = v.checkAsync(async (name: string) => name !== "Tom", "Taken.");
    const Serializer = serializer(
      v.objectAsync({
        name: v.pipeAsync(v.string(), v.trim(), free),
        tags: v.arrayAsync(v.pipeAsync(v.string(), v.trim(), free)),
        nick: v.optionalAsync(v.pipeAsync(v.string(), v.trim(), free)),
        image,
      }),
      services,
    );
    const row = { name: " Tom ", tags: [" Tom "], image: 1 };
    const found = { id: 1, path: "/1.jpg" };
    assert.deepEqual(await Serializer.serialize(row), { name: "Tom", tags: ["Tom"], image: found });
    const result = await Serializer.validate(row);
    assert.deepEqual(result.success ? {} : result.errors, {
      name: ["Taken."],
      "tags[0]": ["Taken."],
    });
  });

  it("fall back as valibot does", async () => {
    const home = v.fallback(v.object({ city: v.string() }), { city: "?" });
    const Serializer = serializer(
      v.object({ name: v.fallback(v.string(), "nobody"), home, homes: v.array(home) }),
      services,
    );
    for (const row of [{ homes: [5] }, { name: 5, home: {}, homes: [{ city: 5 }] }] as never[]) {
      assert.deepEqual(await Serializer.serialize(row), {
        name: "nobody",
        home: { city: "?" },
        homes: [{ city: "?" }],
      });
      const result = await Serializer.validate(row);
      assert.deepEqual(result.success && result.output, await Serializer.serialize(row));
    }
  });

  it("of records, tuples, maps and sets are copied, too", async () => {
    const row = {
      record: { a: "not a number" },
      pair: [1, 2, 3],
      list: [undefined, 7],
      map: new Map([[1, 1]]),
      set: new Set([5]),
    };
    const Serializer = serializer(
      v.object({
        record: v.record(v.string(), v.number()),
        pair: v.looseTuple([v.string()]),
        list: v.array(v.tupleWithRest([v.string()], v.string())),
        map: v.map(v.string(), v.string()),
        set: v.set(v.string()),
      }),
    );
    assert.deepEqual(await Serializer.serialize(row as never), row);
  });

  it("of objects in variants, records and tuples are copied, too", async () => {
    const part = v.object({ type: v.literal("a"), email: v.pipe(v.string(), v.email()) });
    const Serializer = serializer(
      v.object({
        one: v.variant("type", [part, v.object({ type: v.literal("b") })]),
        all: v.record(v.string(), part),
        two: v.tuple([part, part]),
      }),
    );
    const old = { type: "a", email: "none" } as const;
    const row = { one: old, all: { x: old }, two: [old, old] as [typeof old, typeof old] };
    assert.deepEqual(await Serializer.serialize(row), row);
    const Checked = serializer(Serializer.schema, { checkRows: true });
    await assert.rejects(Checked.serialize(row), ValidationError);
  });

  it("are checked for null and for further ones where rows are checked", async () => {
    const Strict = serializer(
      v.strictObject({ image: v.nonNullable(v.nullable(image)), home: v.nonNullish(v.object({})) }),
      { client: services, checkRows: true },
    );
    await assert.rejects(
      Strict.serialize({ image: null, home: null, more: 1 } as never),
      (error) => {
        assert.ok(error instanceof ValidationError);
        assert.deepEqual(error.errors, {
          image: ["Invalid type: Expected !null but received null"],
          home: ["Invalid type: Expected (!null & !undefined) but received null"],
          more: ['Invalid key: Expected never but received "more"'],
        });
        return true;
      },
    );
  });
});

describe("v.looseObject()", () => {
  const Loose = serializer(v.looseObject({ image }), services);

  it("shows of a row that says what it is made of this alone", async () => {
    class Model {
      readonly dataValues = { id: 1, image: 7, name: "Tom" };
      readonly sequelize = { config: { password: "secret" }, models: [this] };
      get id(): number {
        return this.dataValues.id;
      }
      get image(): number {
        return this.dataValues.image;
      }
      get posts(): Promise<never[]> {
        return assert.fail("asked for posts");
      }
      toJSON(): object {
        return { ...this.dataValues };
      }
    }
    const user = await Loose.serialize(new Model());
    assert.deepEqual(user, { image: { id: 7, path: "/7.jpg" }, id: 1, name: "Tom" });
    assert.equal(JSON.stringify(user).includes("secret"), false);
  });

  it("shows neither promises nor accessors that cannot be read", async () => {
    class Row {
      image = 7;
      #password = "";
      set password(value: string) {
        this.#password = value;
      }
      get length(): number {
        return this.#password.length;
      }
      get posts(): Promise<never[]> {
        return Promise.resolve([]);
      }
    }
    assert.deepEqual(await Loose.serialize(new Row()), {
      image: { id: 7, path: "/7.jpg" },
      length: 0,
    });
  });
});

describe("defaults", () => {
  it("of an id's schema count on both ways", async () => {
    const field = remoteField(v.nullish(v.number(), 7), { route: "images" });
    const Serializer = serializer(v.object({ image: field }), services);
    const found = { image: { id: 7, path: "/7.jpg" } };
    assert.deepEqual(await Serializer.serialize({ image: null }), found);
    const result = await Serializer.validate({ image: null });
    assert.deepEqual(result, { success: true, output: { image: 7 } });
  });

  it("that are functions are asked once for all rows", async () => {
    let next = 0;
    const field = v.optional(image, () => ++next);
    const Serializer = serializer(v.object({ image: field }), services);
    const found = { image: { id: 1, path: "/1.jpg" } };
    assert.deepEqual(await Serializer.serialize([{}, {}]), [found, found]);
  });
});

describe("what is around a remote field", () => {
  it("keeps its messages and its configuration", async () => {
    const published = v.pipe(
      v.message(image, "An image, please."),
      v.check((found) => found?.["path"] === "/1.jpg", "Not that one."),
    );
    const Serializer = serializer(v.object({ published, images: v.array(image) }), services);
    const right = { published: 1, images: [1] };
    assert.deepEqual(await Serializer.validate(right), { success: true, output: right });
    const errors = async (input: object) => {
      const result = await Serializer.validate(input);
      return result.success ? {} : result.errors;
    };
    const images = v.message(v.array(image), "A list.");
    const Brief = serializer(
      v.config(v.object({ images, cover: image }), { abortEarly: true }),
      services,
    );
    const wrong = await Brief.validate({ images: 5 });
    assert.deepEqual(wrong.success ? {} : wrong.errors, { images: ["A list."] });
    assert.deepEqual(await errors({ published: 2, images: [1] }), { published: ["Not that one."] });
    assert.deepEqual(await errors({ published: "x", images: [1] }), {
      published: ["An image, please."],
    });
  });

  it("has no field of the name __proto__ on the way in", async () => {
    const Serializer = serializer(v.object({ ["__proto__"]: image }), services);
    await assert.rejects(Serializer.validate(JSON.parse('{"__proto__":1}')), {
      code: "invalid_serializer",
    });
  });
});
