import assert from "node:assert/strict";
import { describe, it } from "node:test";

import * as v from "valibot";

import type { RowOf, Validated } from "../../mod.ts";
import { remoteField, RemoteField, serializer, TaskError, TaskRegistry } from "../../mod.ts";
import { FakeClient } from "./fake_client.ts";

type Equal<A, B> =
  (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
function expectType<_T extends true>(): void {}

interface Order {
  id: number;
  userId: number;
  tags: string[];
}

const registry = new TaskRegistry();
const orders: readonly Order[] = [
  { id: 10, userId: 1, tags: ["a"] },
  { id: 11, userId: 2, tags: [] },
  { id: 12, userId: 1, tags: [] },
];
const ordersByUserIds = registry("orders", (ids: number[]) =>
  orders.filter(({ userId }) => ids.includes(userId)),
);
interface Image {
  id: number;
  path: string;
}
const imagesByIds = registry("images", (ids: number[]) =>
  ids.filter((id) => id < 9).map((id): Image => ({ id, path: `/${id}.jpg` })),
);
const routes = {
  orders: (ids: number[]) => orders.filter(({ userId }) => ids.includes(userId)),
  images: (ids: number[]) => ids.filter((id) => id < 9).map((id) => ({ id, path: `/${id}.jpg` })),
  users: (ids: number[]) => ids.map((id) => ({ id, name: id === 3 ? 5 : "Tom", photo: id + 6 })),
  down: () => {
    throw new TaskError("down", "Not today.");
  },
};
const image = remoteField(v.number(), { route: imagesByIds });
const photo = { id: 7, path: "/7.jpg" };

describe("a remote field without a schema of its ids", () => {
  it("takes numbers and text, also by its name in Python", async () => {
    const services = new FakeClient(routes);
    const found = RemoteField({ route: imagesByIds });
    const Serializer = serializer(v.object({ image: found, same: v.any() }), services);
    expectType<Equal<RowOf<typeof Serializer.schema>["image"], string | number>>();
    const rows = await Serializer.serialize([
      { image: 7, same: 1 },
      { image: "7", same: 2 },
    ]);
    assert.deepEqual(
      rows.map((row) => row.image?.path),
      ["/7.jpg", "/7.jpg"],
    );
    const wrong = await Serializer.validate({ image: true, same: 1 });
    assert.deepEqual(wrong.success ? {} : wrong.errors, {
      image: ["Incorrect type. Expected pk value, received boolean."],
    });
  });
});

describe("a remote field of many rows", () => {
  const schema = v.object({
    id: v.number(),
    orders: remoteField(v.number(), {
      route: ordersByUserIds,
      source: "id",
      mergeKey: "userId",
      many: true,
    }),
    badge: remoteField({ route: imagesByIds, readOnly: true }),
  });

  it("holds all of them, in one call, and an empty list where there are none", async () => {
    const services = new FakeClient(routes);
    const Users = serializer(schema, services);
    const users = await Users.serialize([1, 2, 3].map((id) => ({ id, badge: 7 })));
    expectType<
      Equal<
        (typeof users)[number]["orders"],
        readonly {
          readonly id: number;
          readonly userId: number;
          readonly tags: readonly string[];
        }[]
      >
    >();
    assert.deepEqual(
      users.map((user) => user.orders),
      [[orders[0], orders[2]], [orders[1]], []],
    );
    assert.ok(Object.isFrozen(users[0]?.orders) && Object.isFrozen(users[0]?.orders[0]?.tags));
    assert.deepEqual(services.bodies("orders"), [[1, 2, 3]]);
  });

  it("is not part of what comes in", async () => {
    const services = new FakeClient(routes);
    expectType<Equal<Validated<typeof schema>, { id: number }>>();
    const input = { id: 1, orders: [10], badge: 9 };
    for (const each of [schema, v.looseObject(schema.entries)]) {
      const result = await serializer(each, services).validate(input);
      assert.deepEqual(result, { success: true, output: { id: 1 } });
    }
    assert.deepEqual(services.calls, []);
  });

  it("has each row once where a route answers more than it was asked for, in several calls", async () => {
    const everything = new FakeClient({ orders: () => orders });
    const options = { route: "orders", mergeKey: "userId", many: true, maxBatch: 1 } as const;
    const Serializer = serializer(v.object({ id: remoteField(v.number(), options) }), everything);
    assert.deepEqual(await Serializer.serialize([{ id: 1 }, { id: 2 }]), [
      { id: orders.filter(({ userId }) => userId === 1) },
      { id: orders.filter(({ userId }) => userId === 2) },
    ]);
    assert.deepEqual(everything.bodies("orders"), [[1], [2]]);
  });

  it("has its rows represented by a serializer", async () => {
    const services = new FakeClient(routes);
    const OrderSerializer = serializer(v.object({ id: v.number(), image: v.optional(image) }));
    const Users = serializer(
      v.object({
        orders: remoteField(v.number(), {
          route: "orders",
          source: "id",
          mergeKey: "userId",
          many: true,
          serializer: OrderSerializer,
        }),
      }),
      services,
    );
    assert.deepEqual(await Users.serialize({ id: 1 }), { orders: [{ id: 10 }, { id: 12 }] });
  });
});

describe("settle()", () => {
  it("tells beside the data what could not be had, nested rows included", async () => {
    const services = new FakeClient(routes);
    const User = serializer(
      v.object({
        name: v.pipe(v.string(), v.trim()),
        photo: remoteField(v.number(), { route: imagesByIds, onMissing: "error" }),
      }),
    );
    const Posts = serializer(
      v.object({
        author: remoteField(v.number(), { route: "users", serializer: User }),
        cover: v.pipe(
          remoteField(v.number(), { route: "down", onMissing: "error" }),
          v.transform((found) => Object.keys(found)),
        ),
      }),
      services,
    );
    const rows = [1, 2, 3].map((author) => ({ author, cover: 1 }));
    const { output, failures } = await Posts.settle(rows);
    expectType<Equal<(typeof output)[number]["cover"], string[] | null>>();
    expectType<
      Equal<
        NonNullable<(typeof output)[number]["author"]>["photo"],
        { readonly id: number; readonly path: string } | null
      >
    >();
    assert.deepEqual(output, [
      { author: { name: "Tom", photo }, cover: null },
      { author: { name: "Tom", photo: { id: 8, path: "/8.jpg" } }, cover: null },
      { author: null, cover: null },
    ]);
    assert.deepEqual(
      failures.map(({ route, field, ids }) => ({ route, field, ids })),
      [
        { route: "down", field: "cover", ids: [1] },
        { route: "images", field: "author.photo", ids: [9] },
        { route: "users", field: "author", ids: [3] },
      ],
    );
    assert.match(String(failures[2]?.error), /Expected string but received 5/);
    await assert.rejects(Posts.settle([{ author: 1 }] as never), { code: "invalid_input" });
  });
});

describe("include", () => {
  const User = serializer(v.object({ name: v.string(), photo: v.nullable(image) }));
  const schema = v.object({
    id: v.number(),
    author: remoteField(v.number(), { route: "users", serializer: User }),
    images: v.array(image),
    path: v.pipe(
      image,
      v.transform((found) => found?.path),
    ),
    orders: remoteField(v.number(), {
      route: ordersByUserIds,
      source: "id",
      mergeKey: "userId",
      many: true,
    }),
  });
  const row = { id: 1, author: 1, images: [7], path: 7 };

  it("names the relations that are wanted: others stay ids, and nobody is asked for them", async () => {
    const services = new FakeClient(routes);
    const Posts = serializer(schema, services);
    const none = await Posts.serialize(row, { include: [] });
    expectType<
      Equal<typeof none, { id: number; author: number; images: number[]; path: number }>
    >();
    assert.deepEqual(none, row);
    assert.deepEqual(services.calls, []);

    const some = await Posts.serialize([row], { include: ["author", "orders"] });
    expectType<
      Equal<
        (typeof some)[number]["author"],
        { readonly name: string; readonly photo: number | null } | null
      >
    >();
    assert.deepEqual(some, [
      { ...row, author: { name: "Tom", photo: 7 }, orders: [orders[0], orders[2]] },
    ]);

    const deep = await Posts.serialize(row, { include: ["author.photo", "path"] });
    assert.equal(deep.author?.photo?.path, "/7.jpg");
    assert.deepEqual(deep, { ...row, author: { name: "Tom", photo }, path: "/7.jpg" });
  });

  it("names relations of whatever kind of row a name leads to", async () => {
    const services = new FakeClient({
      ...routes,
      posts: (ids: number[]) => ids.map((id) => ({ id, cover: 7 })),
    });
    const Post = serializer(v.object({ cover: remoteField(v.number(), { route: imagesByIds }) }));
    const target = (route: string, inner: typeof Post | typeof User) =>
      remoteField(v.number(), { route, serializer: inner as typeof Post });
    const Likes = serializer(
      v.variant("type", [
        v.object({ type: v.literal("post"), target: target("posts", Post) }),
        v.object({ type: v.literal("user"), target: target("users", User) }),
      ]),
      services,
    );
    const rows = [
      { type: "post", target: 1 },
      { type: "user", target: 1 },
    ] as const;
    const include = ["target.cover", "target.photo"];
    assert.deepEqual(await Likes.serialize(rows, { include }), [
      { type: "post", target: { cover: photo } },
      { type: "user", target: { name: "Tom", photo } },
    ]);
    await assert.rejects(Likes.serialize(rows, { include: ["target.covers"] }), {
      code: "invalid_include",
      message:
        'Cannot include "target.covers": the relations are "target", "target.cover", "target.photo"',
    });
  });

  it("refuses relations that there are not", async () => {
    const Posts = serializer(schema, new FakeClient(routes));
    for (const include of [["authors"], ["author.photo.x"], ["author.name"], ["id"]]) {
      await assert.rejects(Posts.serialize(row, { include }), { code: "invalid_include" });
    }
  });
});

describe("select", () => {
  it("sends along the names of the fields that are needed", async () => {
    const services = new FakeClient({
      users: ({ ids, fields }: { ids: number[]; fields?: string[] }) =>
        ids.map((id) => ({ id, ...(fields?.includes("name") && { name: "Tom" }), photoId: 7 })),
      images: routes.images,
    });
    const User = serializer(
      v.object({
        name: v.string(),
        photo: remoteField(v.number(), { route: imagesByIds, source: "photoId" }),
      }),
    );
    const user = { route: "users", key: "ids", select: "fields" } as const;
    const Posts = serializer(
      v.object({
        author: remoteField(v.number(), { ...user, serializer: User }),
        all: remoteField(v.number(), user),
      }),
      services,
    );
    const { author } = await Posts.serialize({ author: 1, all: 1 });
    assert.deepEqual(author, { name: "Tom", photo });
    assert.deepEqual(services.bodies("users"), [
      { fields: ["id", "name", "photoId"], ids: [1] },
      { ids: [1] },
    ]);
    assert.equal((await Posts.validate({ author: 1, all: 1 })).success, true);
  });
});

describe("headers", () => {
  it("go along with each call, by its route where they are a function", async () => {
    const services = new FakeClient({
      images: (ids: number[]) => ids.map((id) => ({ id })),
      users: (ids: number[]) => ids.map((id) => ({ id })),
    });
    const Posts = serializer(
      v.object({
        image: remoteField(v.number(), { route: "images" }),
        author: remoteField(v.number(), { route: "users" }),
      }),
      {
        client: services,
        headers: (route) => (route === "images" ? { tenant: "t1" } : undefined),
      },
    );
    await Posts.serialize({ image: 1, author: 2 });
    const sent = Object.fromEntries(
      services.calls.map(({ route, options }) => [route, options.headers]),
    );
    assert.deepEqual(sent, { images: { tenant: "t1" }, users: undefined });
  });
});

describe("context", () => {
  it("is given to functions in params, and demanded by the compiler where there are some", async () => {
    const services = new FakeClient({
      images: ({ ids, locale }: { ids: number[]; locale: string }) =>
        ids.map((id) => ({ id, title: `${locale} ${id}` })),
    });
    const titled = remoteField(v.number(), {
      route: "images",
      key: "ids",
      params: ({ locale }: { locale: string }) => ({ locale }),
    });
    const User = serializer(v.object({ photo: v.nullable(titled) }));
    const Posts = serializer(v.object({ titled, list: v.array(v.optional(titled)) }), services);
    const row = { titled: 1, list: [2] };
    const [uz, en] = await Promise.all([
      Posts.serialize(row, { context: { locale: "uz" }, headers: { tenant: "t1" } }),
      Posts.serialize(row, { context: { locale: "en" } }),
    ]);
    assert.equal(uz.titled?.["title"], "uz 1");
    assert.equal(en.list[0]?.["title"], "en 2");
    assert.deepEqual(services.bodies("images"), [
      { locale: "uz", ids: [1, 2] },
      { locale: "en", ids: [1, 2] },
    ]);
    assert.deepEqual(services.calls[0]?.options.headers, { tenant: "t1" });
    const right = await Posts.validate(row, { context: { locale: "uz" } });
    assert.equal(right.success, true);
    const calls = () => [
      // @ts-expect-error no context
      Posts.serialize(row),
      // @ts-expect-error another context
      Posts.serialize(row, { context: { language: "uz" } }),
      // @ts-expect-error a field of a nested serializer needs it, too
      serializer(v.object({ user: remoteField({ route: "u", serializer: User }) })).settle([]),
    ];
    assert.equal(typeof calls, "function");
  });
});

describe("remote fields in other kinds of schemas", () => {
  const comment = v.variant("type", [
    v.object({ type: v.literal("text"), text: v.pipe(v.string(), v.trim()) }),
    v.object({ type: v.literal("image"), image }),
    v.object({ type: v.picklist(["album"]), images: v.array(image) }),
  ]);
  const schema = v.object({
    comments: v.array(comment),
    pair: v.tuple([v.number(), image]),
    byName: v.record(v.string(), image),
    both: v.intersect([v.object({ id: v.number() }), v.object({ image })]),
    either: v.union([
      v.object({ kind: v.literal("a"), image }),
      v.object({ kind: v.literal("b"), image: v.string() }),
    ]),
  });
  const input = {
    comments: [
      { type: "text" as const, text: " Hello " },
      { type: "image" as const, image: 7 },
      { type: "album" as const, images: [1, 7] },
    ],
    pair: [5, 7] as [number, number],
    byName: { small: 1, ["__proto__x"]: 7 },
    both: { id: 1, image: 7 },
    either: { kind: "b" as const, image: "text" },
  };

  it("validate to ids in tuples of every kind", async () => {
    const services = new FakeClient(routes);
    const Serializer = serializer(
      v.object({
        strict: v.strictTuple([v.string(), image]),
        loose: v.looseTuple([image]),
        rest: v.tupleWithRest([v.string()], image),
      }),
      services,
    );
    const tuples = {
      strict: ["a", 1] as [string, number],
      loose: [1, "more"] as [number, ...unknown[]],
      rest: ["b", 1, 2] as [string, ...number[]],
    };
    expectType<Equal<Validated<typeof Serializer.schema>, typeof tuples>>();
    expectType<Equal<RowOf<typeof Serializer.schema>, typeof tuples>>();
    const result = await Serializer.validate(tuples);
    assert.deepEqual(result.success && result.output, tuples);
    const { rest } = await Serializer.serialize(tuples);
    assert.equal(rest[2]?.path, "/2.jpg");
    assert.deepEqual(services.bodies("images"), [
      [1, 2],
      [1, 2],
    ]);
  });

  it("are resolved in variants, unions, intersections, tuples and records, in one call", async () => {
    const services = new FakeClient(routes);
    const Serializer = serializer(schema, services);
    const one = { id: 1, path: "/1.jpg" };
    const output = await Serializer.serialize(input);
    assert.deepEqual(output, {
      comments: [
        { type: "text", text: "Hello" },
        { type: "image", image: photo },
        { type: "album", images: [one, photo] },
      ],
      pair: [5, photo],
      byName: { small: one, ["__proto__x"]: photo },
      both: { id: 1, image: photo },
      either: { kind: "b", image: "text" },
    });
    assert.deepEqual(services.bodies("images"), [[7, 1]]);
    await assert.rejects(
      Serializer.serialize({ ...input, comments: [{ type: "video" }] } as never),
      /comments\[0\]: The row fits none of the options/,
    );
  });

  it("are checked there", async () => {
    const services = new FakeClient(routes);
    const Serializer = serializer(schema, services);
    const right = await Serializer.validate(input);
    assert.ok(right.success, JSON.stringify(right));
    expectType<Equal<(typeof right.output)["pair"], [number, number]>>();
    expectType<Equal<(typeof right.output)["byName"], { [name: string]: number }>>();
    assert.deepEqual(right.output, {
      ...input,
      comments: [{ type: "text", text: "Hello" }, ...input.comments.slice(1)],
    });
    const wrong = await Serializer.validate({
      ...input,
      comments: [{ type: "album", images: [9] }],
      pair: [5, 9],
      byName: { small: 9 },
      either: { kind: "a", image: 9 },
    });
    const missing = ['Invalid pk "9" - object does not exist.'];
    assert.deepEqual(wrong.success ? {} : wrong.errors, {
      "comments[0].images[0]": missing,
      "pair[1]": missing,
      "byName.small": missing,
      "either.image": missing,
    });
  });
});
