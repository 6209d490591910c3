import assert from "node:assert/strict";
import { it } from "node:test";

import * as v from "valibot";

import { remoteField, RemoteLoader, serializer, TaskError } from "../../mod.ts";
import { onBothAdapters } from "../support/adapters.ts";
import { makeImages, startServices } from "./services.ts";

// Schemas as services have them, with services that answer over both adapters.
onBothAdapters("serializers", (adapter) => {
  it("represent a shop: many of many, each level in one call", async () => {
    const orders = [1, 2, 3, 4].map((id) => ({ id, userId: id % 2, total: id * 10 }));
    const lines = [1, 2, 3, 4, 5, 6].map((id) => ({
      id,
      orderId: (id % 3) + 1,
      sku: `s${id % 2}`,
    }));
    await using services = await startServices(
      {
        orders: ({ userIds }: { userIds: number[] }) =>
          orders.filter(({ userId }) => userIds.includes(userId)),
        lines: (ids: number[]) => lines.filter(({ orderId }) => ids.includes(orderId)),
        products: ({ skus }: { skus: string[] }) => skus.map((sku) => ({ sku, price: 5 })),
      },
      adapter.open(),
    );
    const { route, client } = services;
    const Line = serializer(
      v.object({
        id: v.number(),
        product: remoteField(v.string(), {
          route: route.products,
          key: "skus",
          mergeKey: "sku",
          source: "sku",
        }),
      }),
    );
    const Order = serializer(
      v.object({
        total: v.number(),
        lines: remoteField(v.number(), {
          route: route.lines,
          source: "id",
          mergeKey: "orderId",
          many: true,
          serializer: Line,
        }),
      }),
    );
    const User = serializer(
      v.object({
        name: v.string(),
        orders: remoteField(v.number(), {
          route: route.orders,
          source: "id",
          key: "userIds",
          mergeKey: "userId",
          many: true,
          serializer: Order,
        }),
      }),
      { client },
    );
    const [ann, bob, eve] = await User.serialize([
      { id: 0, name: "Ann" },
      { id: 1, name: "Bob" },
      { id: 9, name: "Eve" },
    ]);
    assert.deepEqual(
      ann?.orders.map(({ total }) => total),
      [20, 40],
    );
    assert.deepEqual(
      bob?.orders[1]?.lines.map(({ product }) => product),
      [
        { sku: "s0", price: 5 },
        { sku: "s1", price: 5 },
      ],
    );
    assert.deepEqual(eve, { name: "Eve", orders: [] });
    assert.equal(services.calls.length, 3);
    assert.deepEqual(await User.serialize({ id: 0, name: "Ann" }, { include: ["orders"] }), {
      name: "Ann",
      orders: [{ total: 20 }, { total: 40 }],
    });
    const { output, failures } = await User.settle([{ id: 0, name: "Ann" }]);
    assert.deepEqual(output, [ann]);
    assert.deepEqual(failures, []);
  });

  it("represent a feed: variants in a list of a nested field", async () => {
    await using services = await startServices(
      {
        images: makeImages,
        polls: (ids: number[]) => ids.map((id) => ({ id, question: `${id}?`, options: [1, 2] })),
        posts: (ids: number[]) =>
          ids.map((id) => ({
            id,
            blocks: [
              { type: "text", text: " hi " },
              { type: "image", image: id },
              { type: "poll", pollId: id },
            ],
          })),
      },
      adapter.open(),
    );
    const { route, client } = services;
    const Block = v.variant("type", [
      v.object({ type: v.literal("text"), text: v.pipe(v.string(), v.trim()) }),
      v.object({
        type: v.literal("image"),
        image: remoteField(v.number(), { route: route.images }),
      }),
      v.object({
        type: v.picklist(["poll", "quiz"]),
        poll: remoteField(v.number(), { route: route.polls, source: "pollId" }),
      }),
    ]);
    const Post = serializer(v.object({ id: v.number(), blocks: v.array(Block) }));
    const Feed = serializer(
      v.object({
        posts: v.array(remoteField(v.number(), { route: route.posts, serializer: Post })),
      }),
      { client },
    );
    const { posts } = await Feed.serialize({ posts: [1, 2] });
    assert.deepEqual(posts[1]?.blocks, [
      { type: "text", text: "hi" },
      { type: "image", image: { id: 2, path: "/2.jpg" } },
      { type: "poll", poll: { id: 2, question: "2?", options: [1, 2] } },
    ]);
    assert.equal(services.calls.length, 3);
    const some = await Feed.serialize({ posts: [3] }, { include: ["posts.blocks.image"] });
    assert.deepEqual(some.posts[0]?.blocks.slice(1), [
      { type: "image", image: { id: 3, path: "/3.jpg" } },
      { type: "poll", poll: 3 },
    ]);
  });

  it("represent a tenant's files by composite keys, with a context and headers", async () => {
    const seen: unknown[] = [];
    const bench = adapter.open();
    await using services = await startServices({ unused: () => [] }, bench);
    const route = bench.route("files");
    bench.registry(
      route,
      ({ ids, locale }: { ids: { tenant: number; id: number }[]; locale: string }, { headers }) => {
        seen.push([headers["x-user"], ids.length]);
        return ids.map((id) => ({ ...id, name: `${locale}/${id.tenant}/${id.id}` }));
      },
    );
    await bench.worker();
    const File = serializer(
      v.object({
        title: v.string(),
        file: v.nullable(
          remoteField(v.object({ tenant: v.number(), id: v.number() }), {
            route,
            key: "ids",
            mergeKey: ["tenant", "id"],
            source: ["tenantId", "file.id"],
            params: ({ locale }: { locale: string }) => ({ locale }),
          }),
        ),
      }),
      { client: services.client },
    );
    const rows = [
      { title: "a", tenantId: 1, file: { id: 2 } },
      { title: "b", tenantId: 1, file: { id: 2 } },
      { title: "c", tenantId: 1, file: null },
    ];
    const options = { context: { locale: "uz" }, headers: { "x-user": "tom" } };
    const found = await File.serialize(rows, options);
    assert.deepEqual(
      found.map(({ file }) => file?.name ?? null),
      ["uz/1/2", "uz/1/2", null],
    );
    assert.deepEqual(seen, [["tom", 1]]);
    const stored = await File.validate({ title: "d", file: { id: 3, tenant: 1 } }, options);
    assert.deepEqual(stored, {
      success: true,
      output: { title: "d", file: { tenant: 1, id: 3 } },
    });
  });

  it("represent a tree of comments, and stop at include", async () => {
    const parentOf = (id: number) => (id > 1 ? id >> 1 : null);
    await using services = await startServices(
      {
        comments: (ids: number[]) =>
          ids.map((id) => ({ id, text: `c${id}`, parent: parentOf(id) })),
      },
      adapter.open(),
    );
    interface Comment {
      readonly text: string;
      readonly parent: Comment | null;
    }
    const CommentSerializer = serializer(
      v.object({
        text: v.string(),
        parent: v.nullable(
          remoteField(v.number(), {
            route: services.route.comments,
            serializer: (): { schema: v.GenericSchema<unknown, Comment>; options: object } =>
              CommentSerializer,
          }),
        ),
      }),
      { client: services.client },
    );
    const rows = [12, 13].map((id) => ({ text: `c${id}`, parent: parentOf(id) }));
    const [first, second] = await CommentSerializer.serialize(rows);
    assert.equal(first?.parent, second?.parent);
    assert.deepEqual(first?.parent, {
      text: "c6",
      parent: { text: "c3", parent: { text: "c1", parent: null } },
    });
    assert.equal(services.calls.length, 3);
    const near = await CommentSerializer.serialize(rows, { include: ["parent"] });
    assert.deepEqual(near[0], { text: "c12", parent: { text: "c6", parent: 3 } });
    const nearer = await CommentSerializer.serialize(rows, { include: ["parent.parent"] });
    assert.deepEqual(nearer[0]?.parent?.parent, { text: "c3", parent: 1 });
  });

  it("stream rows of which some are wrong, and one batch wholly", async () => {
    await using services = await startServices({ images: makeImages }, adapter.open());
    const image = remoteField(v.number(), { route: services.route.images });
    const User = serializer(v.object({ id: v.number(), image }), services);
    const isWrong = (id: number) => id % 10 === 7 || (id >= 200 && id < 300);
    const count = 500;
    let id = 0;
    const rows = new ReadableStream<{ id: number; image: number }>({
      pull(controller) {
        if (id === count) return controller.close();
        controller.enqueue({ id, image: (isWrong(id) ? "x" : id) as number });
        id++;
      },
    });
    const wrong: number[] = [];
    const stream = User.stream({
      batchSize: 50,
      onRowError: (_, row) => wrong.push((row as { id: number }).id),
    });
    const good: number[] = [];
    for await (const user of rows.pipeThrough(stream)) {
      assert.equal(user.image?.["id"], user.id);
      good.push(user.id);
    }
    const ids = Array.from({ length: count }, (_, index) => index);
    assert.deepEqual(
      good,
      ids.filter((index) => !isWrong(index)),
    );
    assert.deepEqual(
      wrong.sort((a, b) => a - b),
      ids.filter(isWrong),
    );
  });

  it("check nested lists, and ask for none of a list that is too long", async () => {
    await using services = await startServices(
      { images: (ids: number[]) => makeImages(ids.filter((id) => id < 9)) },
      adapter.open(),
    );
    const image = remoteField(v.number(), { route: services.route.images });
    const Album = serializer(
      v.object({
        pages: v.pipe(
          v.array(v.object({ images: v.pipe(v.array(image), v.maxLength(3, "At most three.")) })),
          v.maxLength(2),
        ),
      }),
      services,
    );
    const wrong = await Album.validate({
      pages: [{ images: [1, 2, 3, 4] }, { images: [1, 9] }],
    });
    assert.deepEqual(wrong.success ? {} : wrong.errors, {
      "pages[0].images": ["At most three."],
      "pages[1].images[1]": ['Invalid pk "9" - object does not exist.'],
    });
    assert.deepEqual(services.bodies("images"), [[1, 9]]);
  });

  it("share a loader with a time to live among requests, by user", async () => {
    const bench = adapter.open();
    await using services = await startServices({ unused: () => [] }, bench);
    const route = bench.route("notes");
    let calls = 0;
    bench.registry(route, (ids: number[], { headers }) => {
      calls++;
      return ids.map((id) => ({ id, owner: headers["x-user"] }));
    });
    await bench.worker();
    const note = remoteField(v.number(), { route });
    const Page = serializer(v.object({ note }), { client: services.client });
    const loader = new RemoteLoader({ ttl: 60_000, max: 100 });
    const ask = async (user: string) =>
      (await Page.serialize({ note: 1 }, { loader, headers: { "x-user": user } })).note?.["owner"];
    assert.deepEqual(await Promise.all([ask("tom"), ask("ann"), ask("tom")]), [
      "tom",
      "ann",
      "tom",
    ]);
    assert.equal(await ask("ann"), "ann");
    assert.equal(calls, 2);
    loader.clear(route, [1]);
    assert.equal(await ask("ann"), "ann");
    assert.equal(calls, 3);
  });

  it("settle a service that fails for one id of a batch", async () => {
    await using services = await startServices(
      {
        users: (ids: number[]) =>
          ids.map((id) => ({ id, name: id === 2 ? null : `n${id}`, image: id })),
        images: (ids: number[]) => {
          if (ids.includes(3)) throw new TaskError("broken", "3 is broken.");
          return makeImages(ids);
        },
      },
      adapter.open(),
    );
    const { route, client } = services;
    const User = serializer(
      v.object({
        name: v.pipe(v.string(), v.trim()),
        image: remoteField(v.number(), { route: route.images }),
      }),
    );
    const Post = serializer(
      v.object({ author: remoteField(v.number(), { route: route.users, serializer: User }) }),
      { client },
    );
    const rows = (ids: number[]) => ids.map((author) => ({ author }));
    const one = await Post.settle(rows([1, 2]));
    assert.deepEqual(one.output, [
      { author: { name: "n1", image: { id: 1, path: "/1.jpg" } } },
      { author: null },
    ]);
    assert.deepEqual(
      one.failures.map(({ field, ids }) => [field, ids]),
      [["author", [2]]],
    );
    const all = await Post.settle(rows([1, 3]));
    assert.deepEqual(all.output, [
      { author: { name: "n1", image: null } },
      { author: { name: "n3", image: null } },
    ]);
    assert.deepEqual(
      all.failures.map(({ route: failed, field, ids }) => [failed, field, ids]),
      [[route.images, "author.image", [1, 3]]],
    );
  });

  it("send the fields that are needed of what is included", async () => {
    await using services = await startServices(
      {
        users: ({ ids, fields }: { ids: number[]; fields: string[] }) =>
          ids.map((id) => {
            const user: Record<string, unknown> = { id, name: "Tom", photoId: 7, bossId: id + 1 };
            return Object.fromEntries(fields.map((name) => [name, user[name]]));
          }),
        images: makeImages,
      },
      adapter.open(),
    );
    const { route, client } = services;
    const Boss = serializer(v.object({ name: v.string() }));
    const users = { route: route.users, key: "ids", select: "fields" } as const;
    const User = serializer(
      v.object({
        name: v.string(),
        photo: remoteField(v.number(), { route: route.images, source: "photoId" }),
        boss: remoteField(v.number(), { ...users, source: "bossId", serializer: Boss }),
      }),
    );
    const Post = serializer(
      v.object({ author: remoteField(v.number(), { ...users, serializer: User }) }),
      { client },
    );
    const include = ["author.boss"] as const;
    assert.deepEqual(await Post.serialize({ author: 1 }, { include }), {
      author: { name: "Tom", photo: 7, boss: { name: "Tom" } },
    });
    assert.deepEqual(services.bodies("users"), [
      { fields: ["bossId", "id", "name", "photoId"], ids: [1] },
      { fields: ["id", "name"], ids: [2] },
    ]);
    assert.deepEqual(services.bodies("images"), []);
  });

  it("count the same id in columns, lists and records once, and keep rows of a class whole", async () => {
    await using services = await startServices({ images: makeImages }, adapter.open());
    const image = remoteField(v.number(), { route: services.route.images });
    class Product {
      readonly id = 1n;
      readonly made = new Date(0);
      readonly cover = 1;
      readonly byColour = { red: [1, 2], blue: [] };
      get label(): string {
        return `no. ${this.id}`;
      }
    }
    const Shown = serializer(
      v.object({
        id: v.pipe(v.bigint(), v.transform(String)),
        label: v.string(),
        made: v.date(),
        cover: image,
        byColour: v.record(v.string(), v.array(image)),
      }),
      services,
    );
    const [one, two] = makeImages([1, 2]);
    assert.deepEqual(await Shown.serialize(new Product()), {
      id: "1",
      label: "no. 1",
      made: new Date(0),
      cover: one,
      byColour: { red: [one, two], blue: [] },
    });
    assert.deepEqual(services.bodies("images"), [[1, 2]]);
  });
});
