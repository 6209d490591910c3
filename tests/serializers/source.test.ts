import assert from "node:assert/strict";
import { describe, it } from "node:test";

import * as v from "valibot";

import type { RowOf, Validated } from "../../mod.ts";
import { remoteField, serializer, source, ValidationError } from "../../mod.ts";
import { FakeClient } from "./fake_client.ts";

const services = new FakeClient({
  images: (ids: number[]) => ids.map((id) => ({ id, path: `/${id}.jpg` })),
});
const image = remoteField(v.number(), { route: "images" });

async function errorsOf(work: Promise<unknown>): Promise<unknown> {
  return work.then(
    () => undefined,
    (error: unknown) => (error instanceof ValidationError ? error.errors : error),
  );
}

describe("source()", () => {
  const Serializer = serializer(
    v.object({
      name: v.pipe(v.string(), source("user_name"), v.trim()),
      city: v.nullable(v.pipe(v.string(), source("address.city"))),
      street: v.optional(v.pipe(v.string(), source("address.street.name"))),
      image: v.nullable(v.pipe(image, source("files.avatar"))),
    }),
    services,
  );

  it("says which attribute a column is made of, also one of an inner object", async () => {
    const rows: RowOf<typeof Serializer.schema>[] = [
      {
        user_name: " Tom ",
        address: { city: "Tashkent", street: { name: "Navoi" } },
        files: { avatar: 7 },
      },
      // @ts-expect-error -- the compiler sees that the street needs an address
      { user_name: "Bob", address: null, files: null },
    ];
    assert.deepEqual(await Serializer.serialize(rows), [
      { name: "Tom", city: "Tashkent", street: "Navoi", image: { id: 7, path: "/7.jpg" } },
      { name: "Bob", city: null, street: null, image: null },
    ]);
  });

  it("counts in variants, tuples and records, too", async () => {
    const named = v.object({ name: v.pipe(v.string(), source("full_name")) });
    const Serializer = serializer(
      v.object({
        owner: v.variant("type", [
          v.object({ type: v.literal("person"), ...named.entries }),
          v.object({ type: v.literal("team"), size: v.number() }),
        ]),
        pair: v.tuple([named, v.number()]),
        byKey: v.record(v.string(), named),
      }),
    );
    const row = { full_name: "Tom" };
    assert.deepEqual(
      await Serializer.serialize({
        owner: { type: "person", ...row },
        pair: [row, 1],
        byKey: { a: row },
      }),
      {
        owner: { type: "person", name: "Tom" },
        pair: [{ name: "Tom" }, 1],
        byKey: { a: { name: "Tom" } },
      },
    );
  });

  it("tells options of variants and unions from each other", async () => {
    const options = [
      v.object({ type: v.pipe(v.literal("image"), source("kind")), image }),
      v.object({ type: v.pipe(v.picklist(["text"]), source("kind")), text: v.string() }),
    ] as const;
    const rows = [
      { kind: "image", image: 7 },
      { kind: "text", text: "Hello" },
    ] as const;
    const expected = [
      { type: "image", image: { id: 7, path: "/7.jpg" } },
      { type: "text", text: "Hello" },
    ];
    const Variant = serializer(v.variant("type", options), services);
    const typed: RowOf<typeof Variant.schema>[] = [...rows];
    assert.deepEqual(await Variant.serialize(typed), expected);
    assert.deepEqual(await serializer(v.union(options), services).serialize(rows), expected);

    const Deep = serializer(
      v.variant("type", [
        v.object({ type: v.pipe(v.literal("image"), source("meta.type")), image }),
      ]),
      services,
    );
    assert.deepEqual(await Deep.serialize([{ meta: { type: "image" }, image: 7 }]), [expected[0]]);
    assert.deepEqual(await errorsOf(Deep.serialize({ meta: { type: "sound" } } as never)), {
      non_field_errors: ['The row fits none of the options: its meta.type is "sound".'],
    });
  });

  it("leaves what comes in to the names of the fields", async () => {
    const input = { name: "Tom", city: "Tashkent", image: 7 };
    const result = await Serializer.validate(input);
    assert.deepEqual(result.success && result.output, input);
    const typed: Validated<typeof Serializer.schema> = { name: "Tom", city: null, image: 7 };
    assert.equal(typed.name, "Tom");
  });

  it("tells what is wrong where the value is", async () => {
    const row = { user_name: 5, address: { city: "x" }, files: { avatar: "7" } } as never;
    assert.deepEqual(await errorsOf(Serializer.serialize(row)), {
      "files.avatar": ['Invalid type: Expected number but received "7"'],
    });
    const unnamed = { address: { city: "x" }, files: { avatar: 7 } } as never;
    assert.deepEqual(await errorsOf(Serializer.serialize(unnamed)), {
      user_name: ["This field is required."],
    });
    const unfiled = { user_name: "Tom", address: { city: "x" } } as never;
    assert.deepEqual(await errorsOf(Serializer.serialize(unfiled)), {
      "files.avatar": ["This field is required."],
    });
  });

  it("takes an attribute whose name has dots before an inner object", async () => {
    const Joined = serializer(v.object({ city: v.pipe(v.string(), source("address.city")) }));
    const row = { "address.city": "Samarkand", address: { city: "Tashkent" } };
    assert.deepEqual(await Joined.serialize(row), { city: "Samarkand" });
  });

  it("does not make something of what every object inherits", async () => {
    const Odd = serializer(
      v.object({ made: v.optional(v.pipe(v.any(), source("inner.constructor"))) }),
    );
    assert.deepEqual(await Odd.serialize({ inner: {} } as never), {});
  });

  it("sends attributes of the rows, where a field selects what it needs", async () => {
    const seen: unknown[] = [];
    const users = new FakeClient({
      users: (body: { ids: number[] }) => {
        seen.push(body);
        return body.ids.map((id) => ({ id, user_name: "Tom", address: { city: "Tashkent" } }));
      },
    });
    const User = serializer(
      v.object({
        name: v.pipe(v.string(), source("user_name")),
        city: v.pipe(v.string(), source("address.city")),
      }),
    );
    const user = remoteField(v.number(), {
      route: "users",
      key: "ids",
      select: "fields",
      serializer: User,
    });
    const Post = serializer(v.object({ user }), users);
    assert.deepEqual(await Post.serialize({ user: 1 }), {
      user: { name: "Tom", city: "Tashkent" },
    });
    assert.deepEqual(seen, [{ ids: [1], fields: ["address", "id", "user_name"] }]);
  });

  it("counts as known where rows are checked for others", async () => {
    const Strict = serializer(
      v.strictObject({ name: v.pipe(v.string(), source("user.name")), age: v.number() }),
      { checkRows: true },
    );
    assert.deepEqual(await Strict.serialize({ user: { name: "Tom" }, age: 5 }), {
      name: "Tom",
      age: 5,
    });
    const more = { user: { name: "Tom" }, age: 5, more: 1 };
    assert.deepEqual(Object.keys((await errorsOf(Strict.serialize(more))) as object), ["more"]);
  });
});
