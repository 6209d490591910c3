import assert from "node:assert/strict";
import { describe, it } from "node:test";

import * as v from "valibot";

import {
  remoteField,
  RPCResponse,
  rpcTasks,
  serializer,
  TaskError,
  ValidationError,
} from "../../mod.ts";
import { FakeClient } from "./fake_client.ts";
import { makeImages, startServices } from "./services.ts";

describe("serialize()", () => {
  it("puts remote objects in the place of ids, with one call for all rows", async () => {
    await using services = await startServices({ images: makeImages });
    const { client, route } = services;
    const image = remoteField(v.number(), { route: route.images });
    const UserSerializer = serializer(v.object({ id: v.number(), image }), { client });

    const users = await UserSerializer.serialize([
      { id: 1, image: 7 },
      { id: 2, image: 8 },
      { id: 3, image: 7 },
    ]);

    assert.deepEqual(users, [
      { id: 1, image: { id: 7, path: "/7.jpg" } },
      { id: 2, image: { id: 8, path: "/8.jpg" } },
      { id: 3, image: { id: 7, path: "/7.jpg" } },
    ]);
    assert.deepEqual(services.calls, [{ name: "images", body: [7, 8] }]);
  });

  it("leaves the rows as they are", async () => {
    await using services = await startServices({ images: makeImages });
    const { client, route } = services;
    const Serializer = serializer(
      v.object({ images: v.array(remoteField(v.number(), { route: route.images })) }),
      { client },
    );
    const row = Object.freeze({ images: Object.freeze([1, 2]) as number[] });
    const result = await Serializer.serialize(row);
    assert.deepEqual(row, { images: [1, 2] });
    assert.deepEqual(result.images, makeImages([1, 2]));
  });

  it("makes no call for an empty list, nor for rows without ids", async () => {
    await using services = await startServices({ images: makeImages });
    const { client, route } = services;
    const image = v.nullish(remoteField(v.number(), { route: route.images }));
    const Serializer = serializer(v.object({ id: v.number(), image }), { client });
    assert.deepEqual(await Serializer.serialize([]), []);
    assert.deepEqual(await Serializer.serialize([{ id: 1, image: null }, { id: 2 }]), [
      { id: 1, image: null },
      { id: 2 },
    ]);
    assert.deepEqual(services.calls, []);
  });

  it("takes 0 and the empty text for ids", async () => {
    await using services = await startServices({
      rows: (ids: unknown[]) => ids.map((id) => ({ id, seen: true })),
    });
    const { client, route } = services;
    const Serializer = serializer(
      v.object({ it: remoteField(v.union([v.number(), v.string()]), { route: route.rows }) }),
      { client },
    );
    assert.deepEqual(await Serializer.serialize([{ it: 0 }, { it: "" }]), [
      { it: { id: 0, seen: true } },
      { it: { id: "", seen: true } },
    ]);
    assert.deepEqual(services.bodies("rows"), [[0, ""]]);
  });

  it("matches ids as text, never by position", async () => {
    await using services = await startServices({
      rows: () => [
        { id: "2", name: "two" },
        { id: 1, name: "one" },
        { id: "1e3", name: "another" },
        { id: 4.5, name: "four and a half" },
      ],
    });
    const { client, route } = services;
    const Serializer = serializer(
      v.object({ it: remoteField(v.union([v.number(), v.string()]), { route: route.rows }) }),
      { client },
    );
    const rows = [{ it: 1 }, { it: "1" }, { it: 2 }, { it: "01" }, { it: 1_000 }, { it: "4.5" }];
    const result = await Serializer.serialize(rows);
    assert.deepEqual(
      result.map(({ it }) => it?.["name"]),
      ["one", "one", "two", undefined, undefined, "four and a half"],
    );
    // 1 and "1" are one id.
    assert.deepEqual(services.bodies("rows"), [
      [1, 2, "01", 1_000, "4.5"].map((id) => (id === 1 ? "1" : id)),
    ]);
  });

  it("sends a bigint as a number, or as text where a number would lose digits", async () => {
    await using services = await startServices({
      rows: (ids: unknown[]) => ids.map((id) => ({ id, text: String(id) })),
    });
    const { client, route } = services;
    const it = remoteField(v.bigint(), { route: route.rows });
    const Serializer = serializer(v.object({ it }), { client });
    const result = await Serializer.serialize([{ it: 5n }, { it: 9_007_199_254_740_993n }]);
    assert.deepEqual(services.bodies("rows"), [[5, "9007199254740993"]]);
    assert.deepEqual(
      result.map((row) => row.it?.["text"]),
      ["5", "9007199254740993"],
    );
  });

  it("shares one frozen object among the rows that hold its id", async () => {
    await using services = await startServices({
      images: (ids: number[]) => ids.map((id) => ({ id, sizes: [{ width: 1 }] })),
    });
    const { client, route } = services;
    const Serializer = serializer(
      v.object({ image: remoteField(v.number(), { route: route.images }) }),
      { client },
    );
    const [first, second] = await Serializer.serialize([{ image: 1 }, { image: 1 }]);
    assert.equal(first?.image, second?.image);
    const image = first?.image as { id: number; sizes: { width: number }[] };
    assert.throws(() => (image.id = 2), TypeError);
    assert.throws(() => image.sizes.push({ width: 2 }), TypeError);
    const [size] = image.sizes;
    assert.ok(size);
    assert.throws(() => (size.width = 2), TypeError);
  });

  it("asks once for fields of one relation, at every depth", async () => {
    await using services = await startServices({
      users: ({ ids }: { ids: number[] }) => makeImages(ids),
      images: makeImages,
    });
    const { client, route } = services;
    const user = remoteField(v.number(), {
      route: route.users,
      key: "ids",
      params: { a: 1, b: 2 },
    });
    const same = remoteField(v.number(), {
      route: route.users,
      key: "ids",
      params: { b: 2, a: 1 },
    });
    const image = remoteField(v.number(), { route: route.images });
    const Serializer = serializer(
      v.object({
        createdBy: user,
        updatedBy: v.nullable(same),
        details: v.object({ lines: v.array(v.object({ approvedBy: v.optional(user), image })) }),
      }),
      { client },
    );
    const result = await Serializer.serialize([
      {
        createdBy: 1,
        updatedBy: 2,
        details: { lines: [{ approvedBy: 3, image: 9 }, { image: 9 }] },
      },
      { createdBy: 1, updatedBy: null, details: { lines: [] } },
    ]);
    assert.deepEqual(result[0], {
      createdBy: { id: 1, path: "/1.jpg" },
      updatedBy: { id: 2, path: "/2.jpg" },
      details: {
        lines: [
          { approvedBy: { id: 3, path: "/3.jpg" }, image: { id: 9, path: "/9.jpg" } },
          { image: { id: 9, path: "/9.jpg" } },
        ],
      },
    });
    const [call] = services.bodies("users") as { ids: number[]; a: number; b: number }[];
    assert.deepEqual({ ...call, ids: call?.ids.sort() }, { ids: [1, 2, 3], a: 1, b: 2 });
    assert.deepEqual(services.bodies("images"), [[9]]);
    assert.equal(services.calls.length, 2);
  });

  it("asks once for fields of one place that differ in schema or serializer", async () => {
    await using services = await startServices({ images: makeImages });
    const { client, route } = services;
    const of = (options: object) => remoteField(v.number(), { route: route.images, ...options });
    const Serializer = serializer(
      v.object({
        a: of({}),
        b: of({ schema: v.object({ id: v.number() }) }),
        c: of({ serializer: serializer(v.object({ path: v.string() })) }),
      }),
      { client },
    );
    assert.deepEqual(await Serializer.serialize({ a: 1, b: 1, c: 2 }), {
      a: { id: 1, path: "/1.jpg" },
      b: { id: 1 },
      c: { path: "/2.jpg" },
    });
    assert.deepEqual(services.bodies("images"), [[1, 2]]);
  });

  it("asks apart for fields that differ in key, params or merge key", async () => {
    const rows = (body: number[] | { ids: number[] }) =>
      makeImages(Array.isArray(body) ? body : body.ids);
    await using services = await startServices({ rows });
    const { client, route } = services;
    const of = (options: object) => remoteField(v.number(), { route: route.rows, ...options });
    const Serializer = serializer(
      v.object({
        a: of({}),
        b: of({ key: "ids" }),
        c: of({ key: "ids", params: { locale: "uz" } }),
        d: of({ mergeKey: "path" }),
      }),
      { client },
    );
    const result = await Serializer.serialize({ a: 1, b: 1, c: 1, d: 1 });
    assert.equal(result.d, null);
    assert.deepEqual(
      services
        .bodies("rows")
        .map((body) => JSON.stringify(body))
        .sort(),
      ["[1]", "[1]", '{"ids":[1]}', '{"locale":"uz","ids":[1]}'],
    );
  });

  it("splits ids into calls of maxBatch, of which few are out at a time", async () => {
    let [running, most] = [0, 0];
    await using services = await startServices({
      images: async (ids: number[]) => {
        most = Math.max(most, ++running);
        await new Promise((resolve) => setTimeout(resolve, 1));
        running--;
        return makeImages(ids);
      },
    });
    const { client, route } = services;
    const image = remoteField(v.number(), { route: route.images, maxBatch: 1_000, concurrency: 3 });
    const Serializer = serializer(v.object({ image }), { client });
    const rows = Array.from({ length: 100_000 }, (_, id) => ({ image: id }));
    const result = await Serializer.serialize(rows);
    assert.ok(result.every((row, id) => row.image?.["id"] === id));
    const sizes = services.bodies("images").map((body) => (body as number[]).length);
    assert.deepEqual(
      sizes,
      Array.from({ length: 100 }, () => 1_000),
    );
    assert.equal(most, 3);
  });

  it("takes a task, and its default client the settings of the process", async () => {
    const route = `test.${crypto.randomUUID()}`;
    const { configure } = await import("../../mod.ts");
    configure({ environment: "test" });
    const task = rpcTasks(route, (ids: number[]) => RPCResponse({ data: makeImages(ids) }));
    try {
      const Serializer = serializer(v.object({ image: remoteField(v.number(), { route: task }) }));
      const { image } = await Serializer.serialize({ image: 3 });
      assert.equal(image?.path, "/3.jpg");
    } finally {
      rpcTasks.delete(route);
      configure({ environment: undefined });
    }
  });

  it("stops at an abort, whatever the fields do about errors", async () => {
    await using services = await startServices({ images: () => new Promise(() => {}) });
    const { client, route } = services;
    const image = remoteField(v.number(), { route: route.images, onError: "null" });
    const Serializer = serializer(v.object({ image }), { client });
    const reason = new Error("gone");
    const controller = new AbortController();
    const pending = Serializer.serialize({ image: 1 }, { signal: controller.signal });
    controller.abort(reason);
    await assert.rejects(pending, reason);
    await assert.rejects(Serializer.serialize({ image: 1 }, { signal: controller.signal }), reason);
  });
});

describe("what serialize() takes", () => {
  it("takes any iterable and gives a list", async () => {
    const Serializer = serializer(v.object({ id: v.number() }));
    const rows = function* () {
      yield { id: 1 };
      yield { id: 2 };
    };
    assert.deepEqual(await Serializer.serialize(rows()), [{ id: 1 }, { id: 2 }]);
    assert.deepEqual(await Serializer.serialize(new Set([{ id: 3 }])), [{ id: 3 }]);
  });

  it("takes rows as they are now, whatever becomes of their list meanwhile", async () => {
    await using services = await startServices({ images: makeImages });
    const image = remoteField(v.number(), { route: services.route.images });
    const Serializer = serializer(v.object({ image }), services);
    const map = new Map([
      ["y", { image: 1 }],
      ["x", { image: 2 }],
    ]);
    const rows = [{ image: 1 }];
    const work = [Serializer.serialize(map), Serializer.serialize(rows)] as const;
    map.delete("y");
    map.set("z", { image: 3 });
    rows.length = 0;
    const [byKey, list] = await Promise.all(work);
    assert.deepEqual([...byKey.keys()], ["y", "x"]);
    assert.deepEqual(byKey.get("y"), { image: { id: 1, path: "/1.jpg" } });
    assert.deepEqual(list, [{ image: { id: 1, path: "/1.jpg" } }]);
  });

  it("sends params as they were when the field was made, whatever the order of their names", async () => {
    const services = new FakeClient({ images: ({ ids }: { ids: number[] }) => makeImages(ids) });
    const params = { size: { width: 1, height: 2 } };
    const field = (given: object) =>
      remoteField(v.number(), { route: "images", key: "ids", params: { ...given } });
    const first = remoteField(v.number(), { route: "images", key: "ids", params });
    params.size.width = 9;
    const second = field({ size: { height: 2, width: 1 } });
    await serializer(v.object({ first, second }), services).serialize({ first: 1, second: 2 });
    assert.deepEqual(services.bodies("images"), [{ size: { height: 2, width: 1 }, ids: [1, 2] }]);
  });

  it("halves calls whose replies are too large", async () => {
    await using services = await startServices({
      images: (ids: number[]) => ids.map((id) => ({ id, text: "x".repeat(3_000_000) })),
    });
    const image = remoteField(v.number(), { route: services.route.images });
    const rows = Array.from({ length: 10 }, (_, id) => ({ image: id }));
    const found = await serializer(v.object({ image }), services).serialize(rows);
    assert.deepEqual(
      found.map((row) => row.image?.["id"]),
      rows.map(({ image: id }) => id),
    );
    assert.deepEqual(
      services.bodies("images").map((ids) => (ids as number[]).length),
      [10, 5, 5],
    );
  });

  it("gives a map for a map", async () => {
    await using services = await startServices({ images: makeImages });
    const image = remoteField(v.number(), { route: services.route.images });
    const Serializer = serializer(v.object({ image }), services);
    const result = await Serializer.serialize(
      new Map([
        ["tom", { image: 1 }],
        ["bob", { image: 2 }],
      ]),
    );
    assert.deepEqual([...result.keys()], ["tom", "bob"]);
    assert.equal(result.get("bob")?.image?.["path"], "/2.jpg");
    assert.equal(services.calls.length, 1);
  });

  it("takes instances of classes, with their getters", async () => {
    class Base {
      id = 1;
      get kind(): string {
        return "user";
      }
    }
    class User extends Base {
      toLabel = (): string => "a method of its own";
      #image = 5;
      get image(): number {
        return this.#image;
      }
      greet(): string {
        return "hello";
      }
    }
    await using services = await startServices({ images: makeImages });
    const image = remoteField(v.number(), { route: services.route.images });
    const Named = serializer(v.object({ image, kind: v.string() }), services);
    assert.deepEqual(await Named.serialize(new User()), {
      image: { id: 5, path: "/5.jpg" },
      kind: "user",
    });
    const All = serializer(v.looseObject({ image }), services);
    assert.deepEqual(await All.serialize([new User()]), [
      { image: { id: 5, path: "/5.jpg" }, id: 1, kind: "user" },
    ]);
  });

  it("gives named fields alone for v.object, all for v.looseObject, checked ones for v.objectWithRest", async () => {
    const row = { id: 1, name: "Tom", age: "7", secret: undefined };
    assert.deepEqual(await serializer(v.object({ id: v.number() })).serialize(row), { id: 1 });
    assert.deepEqual(await serializer(v.strictObject({ id: v.number() })).serialize(row), {
      id: 1,
    });
    assert.deepEqual(await serializer(v.looseObject({ id: v.number() })).serialize(row), row);
    const rest = v.nullish(v.pipe(v.string(), v.toUpperCase()));
    const WithRest = serializer(v.objectWithRest({ id: v.number() }, rest));
    assert.deepEqual(await WithRest.serialize(row), {
      id: 1,
      name: "TOM",
      age: "7",
      secret: undefined,
    });
  });

  it("reads the id where source says", async () => {
    await using services = await startServices({ images: makeImages });
    const { route } = services;
    const of = (source: string) => remoteField(v.number(), { route: route.images, source });
    const Serializer = serializer(
      v.object({
        image: remoteField(v.number(), { route: route.images, source: "image_id" }),
        others: v.optional(
          v.array(remoteField(v.number(), { route: route.images, source: "otherIds" })),
        ),
      }),
      services,
    );
    assert.deepEqual(await Serializer.serialize({ image_id: 1, otherIds: [2] }), {
      image: { id: 1, path: "/1.jpg" },
      others: [{ id: 2, path: "/2.jpg" }],
    });
    assert.equal(of("x").options.source, "x");
  });

  it("copies columns that a schema only checks, and runs those that it changes", async () => {
    const Serializer = serializer(
      v.object({
        email: v.pipe(v.string(), v.email()),
        tags: v.array(v.string()),
        at: v.pipe(
          v.date(),
          v.transform((date) => date.toISOString()),
        ),
        size: v.optional(v.number(), 3),
      }),
    );
    const tags = ["a"];
    const row = { email: "no email", tags, at: new Date(0) };
    const result = await Serializer.serialize(row);
    assert.deepEqual(result, {
      email: "no email",
      tags: ["a"],
      at: "1970-01-01T00:00:00.000Z",
      size: 3,
    });
    assert.equal(result.tags, tags);
    const Checked = serializer(Serializer.schema, { checkRows: true });
    await assert.rejects(Checked.serialize([row]), (error) => {
      assert.ok(error instanceof ValidationError);
      assert.deepEqual(Object.keys(error.errors), ["[0].email"]);
      return true;
    });
  });

  it("does what a pipe says with the remote object", async () => {
    await using services = await startServices({ images: makeImages });
    const image = remoteField(v.number(), { route: services.route.images });
    const Serializer = serializer(
      v.pipe(
        v.object({
          path: v.pipe(
            image,
            v.transform((found) => found?.["path"] ?? "/none.jpg"),
          ),
          image,
        }),
        v.transform(({ path, image }) => ({ both: [path, image?.["id"]] })),
      ),
      services,
    );
    assert.deepEqual(await Serializer.serialize([{ path: 1, image: 2 }]), [
      { both: ["/1.jpg", 2] },
    ]);
  });

  it("follows v.lazy through rows that hold rows", async () => {
    await using services = await startServices({ users: makeImages });
    interface Comment {
      author: number;
      replies: Comment[];
    }
    const author = remoteField(v.number(), { route: services.route.users });
    const comment: v.GenericSchema<Comment> = v.object({
      author,
      replies: v.array(v.lazy(() => comment)),
    }) as never;
    const Serializer = serializer(comment, services);
    const result = await Serializer.serialize({
      author: 1,
      replies: [{ author: 2, replies: [{ author: 3, replies: [] }] }],
    });
    assert.deepEqual(result.replies[0]?.replies[0]?.author, { id: 3, path: "/3.jpg" });
    assert.deepEqual(services.bodies("users"), [[1, 2, 3]]);
  });

  it("works on the schemas that v.omit, v.pick, v.partial and v.required make", async () => {
    await using services = await startServices({ images: makeImages });
    const image = remoteField(v.number(), { route: services.route.images });
    const schema = v.object({ id: v.number(), image, other: v.optional(image) });
    const found = { id: 1, path: "/1.jpg" };
    assert.deepEqual(await serializer(v.omit(schema, ["id"]), services).serialize({ image: 1 }), {
      image: found,
    });
    assert.deepEqual(
      await serializer(v.pick(schema, ["image"]), services).serialize({ image: 1 }),
      { image: found },
    );
    assert.deepEqual(await serializer(v.partial(schema), services).serialize({ id: 1 }), { id: 1 });
    const all = { id: 1, image: 1, other: 1 };
    assert.deepEqual(await serializer(v.required(schema), services).serialize(all), {
      id: 1,
      image: found,
      other: found,
    });
  });

  it("has defaults for ids that are not there", async () => {
    await using services = await startServices({ images: makeImages });
    const image = remoteField(v.number(), { route: services.route.images });
    const Serializer = serializer(
      v.object({
        a: v.optional(image, 7),
        b: v.nullable(image, 8),
        c: v.nullish(image, 9),
        d: v.nullish(image, 6),
      }),
      services,
    );
    const result = await Serializer.serialize({ b: null, d: null });
    assert.deepEqual(
      [result.a, result.b, result.c, result.d].map((found) => found?.["path"]),
      ["/7.jpg", "/8.jpg", "/9.jpg", "/6.jpg"],
    );
  });

  it("keeps __proto__ and constructor what they are: names", async () => {
    await using services = await startServices({
      rows: (ids: string[]) =>
        ids.map((id) => JSON.parse(`{"__proto__":${JSON.stringify(id)},"constructor":1}`)),
    });
    const options = { route: services.route.rows, mergeKey: "__proto__" } as const;
    const Serializer = serializer(
      v.object({
        ["__proto__"]: remoteField(v.string(), options),
        constructor: v.optional(remoteField(v.string(), options)),
        id: v.optional(remoteField(v.string(), options)),
      }),
      services,
    );
    const row = JSON.parse('{"__proto__":"constructor","id":"__proto__"}') as never;
    const result = await Serializer.serialize(row);
    assert.equal(Object.getPrototypeOf(result), Object.prototype);
    assert.deepEqual(Object.keys(result).sort(), ["__proto__", "id"]);
    const own = Object.getOwnPropertyDescriptor(result, "__proto__")?.value as object;
    assert.equal(Object.getOwnPropertyDescriptor(own, "__proto__")?.value, "constructor");
    assert.deepEqual(services.bodies("rows"), [["constructor", "__proto__"]]);
    const All = serializer(v.looseObject({}));
    const copy = await All.serialize(
      JSON.parse('{"__proto__":{"admin":true},"constructor":2}') as object,
    );
    assert.equal((copy as { admin?: boolean }).admin, undefined);
    assert.equal(JSON.stringify(copy), '{"__proto__":{"admin":true},"constructor":2}');
  });
});

describe("an id that nobody knows", () => {
  it("becomes null, stays, or is an error, as onMissing says", async () => {
    await using services = await startServices({
      images: (ids: number[]) => makeImages(ids).filter(({ id }) => id < 9),
    });
    const { route } = services;
    const base = { route: route.images } as const;
    const Serializer = serializer(
      v.object({
        a: remoteField(v.number(), base),
        b: remoteField(v.pipe(v.string(), v.transform(Number)), { ...base, onMissing: "keep" }),
      }),
      services,
    );
    assert.deepEqual(await Serializer.serialize({ a: 9, b: "9" }), { a: null, b: 9 });
    assert.equal(services.calls.length, 1);

    const Strict = serializer(
      v.object({ list: v.array(remoteField(v.number(), { ...base, onMissing: "error" })) }),
      services,
    );
    await assert.rejects(Strict.serialize([{ list: [1] }, { list: [2, 10, 11] }]), (error) => {
      assert.ok(error instanceof ValidationError);
      assert.deepEqual(error.errors, {
        "[1].list[1]": ['Invalid pk "10" - object does not exist.'],
        "[1].list[2]": ['Invalid pk "11" - object does not exist.'],
      });
      return true;
    });
    await assert.rejects(Strict.serialize({ list: [12] }), (error) => {
      assert.deepEqual((error as ValidationError).issues[0]?.path, ["list", 0]);
      return true;
    });
  });

  it("is null for a null that has no business there, unless missing ids are errors", async () => {
    await using services = await startServices({ images: makeImages });
    const { route } = services;
    const gallery = v.array(remoteField(v.number(), { route: route.images }));
    const rows = [{ gallery: [1, null, 2, undefined] as number[] }];
    const result = await serializer(v.object({ gallery }), services).serialize(rows);
    assert.deepEqual(result[0]?.gallery, [makeImages([1])[0], null, makeImages([2])[0], null]);
    assert.deepEqual(services.bodies("images"), [[1, 2]]);

    const strict = v.array(remoteField(v.number(), { route: route.images, onMissing: "error" }));
    await assert.rejects(
      serializer(v.object({ gallery: strict }), services).serialize(rows),
      (error) => {
        assert.deepEqual((error as ValidationError).errors, {
          "[0].gallery[1]": ["This field may not be null."],
          "[0].gallery[3]": ["This field may not be null."],
        });
        return true;
      },
    );
  });
});

describe("a route that fails", () => {
  it("fails the whole, or only its fields, as onError says", async () => {
    await using services = await startServices({
      images: makeImages,
      broken: () => {
        throw new TaskError("broken", "No rows today.");
      },
    });
    const { route } = services;
    const fields = (onError: "null" | "throw") =>
      v.object({
        image: remoteField(v.number(), { route: route.images, onMissing: "error" }),
        other: remoteField(v.number(), { route: route.broken, onMissing: "error", onError }),
      });
    const result = await serializer(fields("null"), services).serialize([{ image: 1, other: 1 }]);
    assert.deepEqual(result, [{ image: { id: 1, path: "/1.jpg" }, other: null }]);
    await assert.rejects(
      serializer(fields("throw"), services).serialize([{ image: 1, other: 1 }]),
      {
        name: "RemoteError",
        code: "broken",
      },
    );
  });

  it("makes no further calls after one of a split has failed", async () => {
    await using services = await startServices({
      images: ([id]: [number]) => {
        if (id === 3) throw new TaskError("broken", "Not this one.");
        return makeImages([id]);
      },
    });
    const image = remoteField(v.number(), {
      route: services.route.images,
      maxBatch: 1,
      concurrency: 2,
    });
    const Serializer = serializer(v.object({ image }), services);
    const rows = Array.from({ length: 50 }, (_, id) => ({ image: id }));
    await assert.rejects(Serializer.serialize(rows), { code: "broken" });
    // A call afterwards comes after whatever was still on its way.
    await Serializer.serialize({ image: 100 });
    assert.ok(services.calls.length <= 7, `${services.calls.length} calls`);
  });

  it("is late when the field, the call or the serializer says so", async () => {
    await using services = await startServices({ images: () => new Promise(() => {}) });
    const { route } = services;
    const of = (timeout?: number) =>
      v.object({ image: remoteField(v.number(), { route: route.images, timeout }) });
    const late = (timeout: number) => ({ name: "TimeoutError", route: route.images, timeout });
    await assert.rejects(
      serializer(of(20), services).serialize({ image: 1 }, { timeout: 5_000 }),
      late(20),
    );
    await assert.rejects(
      serializer(of(), services).serialize({ image: 1 }, { timeout: 30 }),
      late(30),
    );
    const Serializer = serializer(of(), { client: services.client, timeout: 40 });
    await assert.rejects(Serializer.serialize({ image: 1 }), late(40));
  });
});
