import assert from "node:assert/strict";
import { describe, it } from "node:test";

import * as v from "valibot";

import { BgtasksError, remoteField, serializer, ValidationError } from "../../mod.ts";
import { startServices } from "./services.ts";

const image = remoteField(v.number(), { route: "images.byIds" });
/** A client that must not be used. */
const client = {
  call(): Promise<never> {
    return assert.fail("a call went out");
  },
};

function rejectsWith(errors: Record<string, string[]>): (error: unknown) => true {
  return (error) => {
    assert.ok(error instanceof ValidationError, String(error));
    assert.deepEqual(error.errors, errors);
    assert.match(error.message, /^Cannot accept the input of serialize\(\):/);
    return true;
  };
}

describe("a schema of a valibot before 1.0", () => {
  it("is refused when the serializer is made", () => {
    const old = { kind: "schema", type: "object", entries: {}, _run: () => ({}) };
    assert.throws(() => serializer(old as never), {
      code: "invalid_serializer",
      message: /a valibot before 1\.0/,
    });
  });
});

describe("rows that are not what the schema says", () => {
  const Serializer = serializer(
    v.object({ id: v.number(), image, gallery: v.optional(v.array(v.object({ image }))) }),
    { client },
  );

  it("lack a field", async () => {
    await assert.rejects(
      Serializer.serialize([{ id: 1, image: null }, { id: 2 }, { image: null }] as never[]),
      rejectsWith({
        "[1].image": ["This field is required."],
        "[2].id": ["This field is required."],
      }),
    );
    const Renamed = serializer(
      v.object({ image: remoteField(v.number(), { route: "x", source: "imageId" }) }),
    );
    await assert.rejects(
      Renamed.serialize({ image: 1 } as never),
      rejectsWith({ imageId: ["This field is required."] }),
    );
  });

  it("hold ids of the wrong type", async () => {
    const rows = [
      { id: 1, image: "7" },
      { id: 2, image: 1, gallery: [{ image: {} }] },
      { id: 3, image: NaN },
    ];
    await assert.rejects(
      Serializer.serialize(rows as never[]),
      rejectsWith({
        "[0].image": ['Invalid type: Expected number but received "7"'],
        "[1].gallery[0].image": ["Invalid type: Expected number but received Object"],
        "[2].image": ["Invalid type: Expected number but received NaN"],
      }),
    );
    const any = remoteField(v.any(), { route: "images.byIds" });
    await assert.rejects(
      serializer(v.object({ any }), { client }).serialize({ any: [1] }),
      rejectsWith({ any: ["Incorrect type. Expected pk value, received array."] }),
    );
  });

  it("hold something else where lists and objects belong", async () => {
    await assert.rejects(
      Serializer.serialize([
        { id: 1, image: null, gallery: 5 },
        { id: 1, image: null, gallery: [5] },
      ] as never[]),
      rejectsWith({
        "[0].gallery": ["Must be array."],
        "[1].gallery[0]": ["Expected an object: number"],
      }),
    );
    await assert.rejects(
      Serializer.serialize([null, 5] as never[]),
      rejectsWith({ "[0]": ["Expected an object: null"], "[1]": ["Expected an object: number"] }),
    );
  });

  it("are no rows at all", async () => {
    for (const rows of [undefined, null, 5, "rows", () => {}]) {
      await assert.rejects(Serializer.serialize(rows as never), { code: "invalid_rows" });
    }
  });

  it("are told of in the hundreds, not in the thousands", async () => {
    const rows = Array.from({ length: 1_000 }, () => ({ id: 1, image: "?" }));
    await assert.rejects(Serializer.serialize(rows as never[]), (error) => {
      assert.ok(error instanceof ValidationError);
      assert.equal(error.issues.length, 101);
      assert.deepEqual(error.issues.at(-1), { message: "There are 900 more issues.", path: [] });
      return true;
    });
  });
});

describe("remoteField()", () => {
  it("is an issue without a serializer, as an id is no object", () => {
    const message = 'Only a serializer can resolve the remote field of "images.byIds"';
    const result = v.safeParse(v.object({ images: v.array(image) }), { images: [7] });
    assert.deepEqual(
      result.issues?.map((issue) => [v.getDotPath(issue), issue.message]),
      [["images.0", message]],
    );
    assert.deepEqual(image["~standard"].validate(7), {
      typed: false,
      value: 7,
      issues: v.safeParse(image, 7).issues,
    });
  });

  it("refuses options that are wrong, all at once", () => {
    const make = (options: object, id: object = v.number()) =>
      remoteField(id as never, options as never);
    const invalid = (message: RegExp) => ({ code: "invalid_remote_field", message });
    assert.throws(
      () => make({ route: "r", onMissing: "throw", maxBatch: 0, colour: 1 }),
      invalid(
        /of "r": onMissing must be .*; maxBatch must be a whole number above 0; colour is not an option/,
      ),
    );
    assert.throws(
      () => make({ route: "r", params: { a: 1 } }),
      invalid(/params can only be sent beside a key/),
    );
    assert.throws(
      () => make({ route: "r", key: "ids", params: { ids: [1] } }),
      invalid(/params hold "ids", where the ids go/),
    );
    assert.throws(
      () => make({ route: "r", key: "ids", params: { size: 1n } }),
      invalid(/params must be JSON/),
    );
    assert.throws(
      () => make({ route: "r", many: true, onMissing: "keep" }),
      invalid(/onMissing has no meaning beside many/),
    );
    assert.throws(
      () => make({ route: "r", many: true, readOnly: false }),
      invalid(/readOnly must be true beside many/),
    );
    assert.throws(() => make({ route: "r", schema: {} }), invalid(/schema must be a schema/));
    assert.throws(
      () => make({ route: "r", serializer: {} }),
      invalid(/serializer must be a serializer/),
    );
    assert.throws(() => make({ route: "r", timeout: 0 }), invalid(/timeout must be above 0/));
    assert.throws(() => make({ route: "r" }, {}), invalid(/must be a synchronous valibot schema/));
    assert.throws(() => make({}), invalid(/route must be given/));
    assert.throws(() => make({ route: "" }), { code: "invalid_route" });
  });
});

describe("serializer()", () => {
  it("refuses a schema and options that are wrong", () => {
    for (const schema of [v.string(), v.pipe(v.array(v.object({}))), image, undefined, {}]) {
      assert.throws(() => serializer(schema as never), {
        code: "invalid_serializer",
        message: /must be one of objects/,
      });
    }
    const options = { maxDepth: NaN, timeout: 0, checkRows: 1, signal: 5 };
    assert.throws(() => serializer(v.object({}), options as never), {
      code: "invalid_serializer",
      message: /signal must .*; timeout must .*; checkRows must .*; maxDepth must /,
    });
  });

  it("tells what to do about rows that are yet to come", async () => {
    const Loose = serializer(v.looseObject({}), { client });
    await assert.rejects(Loose.serialize(Promise.resolve({})), {
      code: "invalid_rows",
      message: /a promise: await it first/,
    });
    async function* rows() {
      yield {};
    }
    await assert.rejects(Loose.serialize(rows()), { code: "invalid_rows", message: /see stream/ });
  });

  it("refuses remote fields where they cannot be resolved, and says where", () => {
    const inside = (schema: v.GenericSchema, where: string, rule: RegExp) => {
      assert.throws(
        () => serializer(v.object({ a: v.array(v.object({ b: schema })) })),
        (error) => {
          assert.ok(error instanceof BgtasksError);
          assert.equal(error.code, "invalid_serializer");
          assert.match(error.message, rule);
          assert.ok(error.message.includes(`of "${where}"`), error.message);
          return true;
        },
      );
    };
    inside(v.union([image, v.string()]), "a[].b", /inside v\.union\(\) of objects that/);
    inside(v.map(v.string(), image), "a[].b", /inside v\.map\(\)/);
    inside(v.set(image), "a[].b", /inside v\.set\(\)/);
    inside(
      v.intersect([v.object({ image }), v.record(v.string(), v.number())]),
      "a[].b",
      /inside v\.intersect\(\) of plain objects/,
    );
    inside(v.objectWithRest({}, image), "a[].b", /as its rest/);
    inside(
      v.pipe(v.string(), v.transform(Number), image),
      "a[].b",
      /must be the first in its pipe/,
    );
    inside(
      v.pipe(v.object({ c: v.number() }), v.object({ c: image })),
      "a[].b",
      /must be the first in its pipe/,
    );
    inside(v.fallback(image, null), "a[].b", /v\.fallback\(\) cannot stand in/);
  });

  it("represents no columns that change asynchronously", async () => {
    const late = v.pipeAsync(
      v.string(),
      v.transformAsync(async (text) => `${text}!`),
    );
    const Serializer = serializer(v.objectAsync({ late }), { client });
    await assert.rejects(Serializer.serialize({ late: "a" }), /of "late".*must be synchronous/);
    assert.deepEqual(await Serializer.validate({ late: "a" }), {
      success: true,
      output: { late: "a!" },
    });
  });

  it("gives up on serializers that hold each other, but not on rows that end", async () => {
    await using services = await startServices({
      // Everybody's friend is the next one; from 100 on they are friends of each other.
      users: (ids: number[]) =>
        ids.map((id) => ({ id, friend: id === 5 ? null : id === 101 ? 100 : id + 1 })),
    });
    const user: v.GenericSchema<
      { id: number; friend: number | null },
      { id: number; friend: unknown }
    > = v.object({
      id: v.number(),
      friend: v.nullable(
        remoteField(v.number(), { route: services.route.users, serializer: () => UserSerializer }),
      ),
    });
    const UserSerializer = serializer(user, services);
    assert.deepEqual(await UserSerializer.serialize({ id: 2, friend: 3 }), {
      id: 2,
      friend: { id: 3, friend: { id: 4, friend: { id: 5, friend: null } } },
    });
    assert.equal(services.calls.length, 3);
    await assert.rejects(UserSerializer.serialize({ id: 99, friend: 100 }), {
      code: "too_deep",
      message: /more than 10 levels deep.*users"/,
    });
    assert.equal(services.calls.length, 13);
    const Shallow = serializer(user, { client: services.client, maxDepth: 2 });
    await assert.rejects(Shallow.serialize({ id: 2, friend: 3 }), { code: "too_deep" });
  });
});
