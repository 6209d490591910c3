import assert from "node:assert/strict";
import { describe, it } from "node:test";

import * as v from "valibot";

import { fakeTime, remoteField, RemoteLoader, serializer, TaskError } from "../../mod.ts";
import { deferred, waitFor } from "../support/wait_for.ts";
import { Memory } from "../../src/serializers/memory.ts";
import { FakeClient } from "./fake_client.ts";
import { makeImages, startServices } from "./services.ts";

async function start(handler: (ids: number[]) => unknown = makeImages) {
  const services = await startServices({ images: handler });
  const relation = { route: services.route.images };
  const image = remoteField(v.number(), relation);
  return {
    services,
    relation,
    Users: serializer(v.object({ id: v.number(), image }), services),
    Posts: serializer(v.object({ title: v.string(), image }), services),
    [Symbol.asyncDispose]: () => services[Symbol.asyncDispose](),
  };
}

describe("RemoteLoader", () => {
  it("makes one call for serializers that ask within a turn", async () => {
    await using bench = await start();
    const { services, Users, Posts } = bench;
    const loader = new RemoteLoader();
    const later = async () => {
      for (let i = 0; i < 50; i++) await Promise.resolve();
      return Posts.serialize([{ title: "Hello", image: 3 }], { loader });
    };
    const [users, , posts] = await Promise.all([
      Users.serialize([{ id: 1, image: 1 }], { loader }),
      Users.serialize({ id: 2, image: 2 }, { loader }),
      later(),
    ]);
    assert.deepEqual(users[0]?.image, { id: 1, path: "/1.jpg" });
    assert.deepEqual(posts[0]?.image, { id: 3, path: "/3.jpg" });
    assert.deepEqual(services.bodies("images"), [[1, 2, 3]]);
  });

  it("remembers rows and their absence, and gives the same object again", async () => {
    await using bench = await start((ids) => makeImages(ids.filter((id) => id < 9)));
    const { services, Users, Posts } = bench;
    const loader = new RemoteLoader();
    const first = await Users.serialize({ id: 1, image: 1 }, { loader });
    const second = await Posts.serialize(
      [
        { title: "a", image: 1 },
        { title: "b", image: 9 },
      ],
      { loader },
    );
    const third = await Users.serialize({ id: 2, image: 9 }, { loader });
    assert.equal(first.image, second[0]?.image);
    assert.equal(third.image, null);
    assert.deepEqual(services.bodies("images"), [[1], [9]]);
  });

  it("joins a call that is out already", async () => {
    const gate = deferred();
    await using bench = await start(async (ids) => {
      await gate.promise;
      return makeImages(ids);
    });
    const { services, Users } = bench;
    const loader = new RemoteLoader();
    const first = Users.serialize({ id: 1, image: 1 }, { loader });
    await waitFor(() => services.calls.length === 1, "the first call");
    const second = Users.serialize(
      [
        { id: 2, image: 1 },
        { id: 3, image: 2 },
      ],
      { loader },
    );
    await waitFor(() => services.calls.length === 2, "the second call");
    gate.resolve();
    assert.equal((await first).image, (await second)[0]?.image);
    assert.deepEqual(services.bodies("images"), [[1], [2]]);
  });

  it("is not shared between serializations unless passed", async () => {
    await using bench = await start();
    const { services, Users } = bench;
    await Users.serialize({ id: 1, image: 1 });
    await Users.serialize({ id: 1, image: 1 });
    assert.equal(services.calls.length, 2);
  });

  it("asks again after a failure", async () => {
    let fails = true;
    await using bench = await start((ids) => {
      if (fails) throw new TaskError("broken", "Not today.");
      return makeImages(ids);
    });
    const loader = new RemoteLoader();
    const { Users } = bench;
    const both = await Promise.allSettled([
      Users.serialize({ id: 1, image: 1 }, { loader }),
      Users.serialize({ id: 2, image: 2 }, { loader }),
    ]);
    assert.deepEqual(
      both.map(({ status }) => status),
      ["rejected", "rejected"],
    );
    fails = false;
    const { image } = await Users.serialize({ id: 1, image: 1 }, { loader });
    assert.deepEqual(image, { id: 1, path: "/1.jpg" });
  });

  it("takes rows that are known already, as copies", async () => {
    await using bench = await start();
    const { services, relation, Users } = bench;
    const own = { id: 1, path: "/own.jpg" };
    const loader = new RemoteLoader().prime(relation, [own]);
    loader.prime(relation.route, [{ id: "1", path: "/too late.jpg" }]);
    const { image } = await Users.serialize({ id: 1, image: 1 }, { loader });
    assert.deepEqual(image, own);
    assert.ok(Object.isFrozen(image) && !Object.isFrozen(own));
    assert.deepEqual(services.calls, []);
    assert.throws(() => loader.prime(relation, [{ path: "/" }]), {
      code: "invalid_row",
      message: /without "id"/,
    });
  });

  it("forgets ids, relations, or all", async () => {
    await using bench = await start();
    const { services, relation, Users } = bench;
    const loader = new RemoteLoader();
    const rows = [
      { id: 1, image: 1 },
      { id: 2, image: 2 },
    ];
    await Users.serialize(rows, { loader });
    loader.clear(relation, ["1"]);
    await Users.serialize(rows, { loader });
    loader.clear(relation);
    await Users.serialize(rows, { loader });
    loader.clear("another");
    await Users.serialize(rows, { loader });
    loader.clear();
    await Users.serialize(rows, { loader });
    assert.deepEqual(services.bodies("images"), [[1, 2], [1], [1, 2], [1, 2]]);
  });

  it("lets a serialization have what was cleared while it waited", async () => {
    const gate = deferred();
    await using bench = await start(async (ids) => {
      await gate.promise;
      return makeImages(ids);
    });
    const { services, relation, Users } = bench;
    const loader = new RemoteLoader();
    const first = Users.serialize({ id: 1, image: 1 }, { loader });
    await waitFor(() => services.calls.length === 1, "the first call");
    loader.clear(relation, [1]);
    const second = Users.serialize({ id: 1, image: 1 }, { loader });
    await waitFor(() => services.calls.length === 2, "the call after the clear");
    gate.resolve();
    assert.deepEqual(await first, await second);
  });

  it("ends a wait at the abort of one, and the call at its own", async () => {
    const gate = deferred();
    await using bench = await start(async (ids) => {
      await gate.promise;
      return makeImages(ids);
    });
    const { services, Users } = bench;
    const loader = new RemoteLoader();
    const controller = new AbortController();
    const gone = Users.serialize({ id: 1, image: 1 }, { loader, signal: controller.signal });
    const stays = Users.serialize({ id: 2, image: 1 }, { loader });
    await waitFor(() => services.calls.length === 1, "the call");
    const reason = new Error("gone");
    controller.abort(reason);
    await assert.rejects(gone, reason);
    gate.resolve();
    assert.deepEqual((await stays).image, { id: 1, path: "/1.jpg" });

    const ended = new AbortController();
    const over = new RemoteLoader({ signal: ended.signal });
    const pending = Users.serialize({ id: 1, image: 5 }, { loader: over });
    ended.abort(reason);
    await assert.rejects(pending, reason);
    assert.equal(services.calls.length, 1);
  });

  it("asks with its own client, and at once when told so", async () => {
    const calls: unknown[] = [];
    const client = {
      call: (_route: string, ids: unknown) => {
        calls.push(ids);
        return Promise.resolve(makeImages(ids as number[]));
      },
    };
    const image = remoteField(v.number(), { route: "images" });
    const Users = serializer(v.object({ image }), {
      client: { call: () => assert.fail("not this one") },
    });
    const loader = new RemoteLoader({ client, wait: "microtask" });
    const results = await Promise.all(
      [1, 2].map((id) => Users.serialize({ image: id }, { loader })),
    );
    assert.deepEqual(
      results.map((user) => user.image?.["id"]),
      [1, 2],
    );
    assert.deepEqual(calls, [[1, 2]]);
  });

  it("never runs a web global as a method of something else, which browsers refuse", async () => {
    const { queueMicrotask: original } = globalThis;
    globalThis.queueMicrotask = function (this: unknown, callback: () => void) {
      assert.ok(this === undefined || this === globalThis, "Illegal invocation");
      original(callback);
    };
    try {
      const client = {
        call: (_route: string, ids: unknown) => Promise.resolve(makeImages(ids as number[])),
      };
      const Users = serializer(v.object({ image: remoteField(v.number(), { route: "images" }) }), {
        client,
      });
      assert.equal((await Users.validate({ image: 1 })).success, true);
    } finally {
      globalThis.queueMicrotask = original;
    }
  });

  it("clears every form of a route, and primes those that have no params", async () => {
    const services = new FakeClient({
      users: (body: number[] | { ids: unknown[] }) => {
        const ids = Array.isArray(body) ? body : body.ids;
        return ids.map((id) => ({ id, code: `c${String(id)}`.replace("cc", "c") }));
      },
    });
    const forms = [
      { route: "users" },
      { route: "users", key: "ids" },
      { route: "users", key: "ids", params: { locale: "en" } },
    ];
    const Users = forms.map((form) =>
      serializer(v.object({ user: remoteField(v.number(), form) }), services),
    );
    const loader = new RemoteLoader();
    const serializeAll = async () => {
      const [a, b, c] = Users;
      for (const each of [a, b, c]) await each?.serialize({ user: 1 }, { loader });
      const { length } = services.calls;
      services.calls.length = 0;
      return length;
    };
    assert.equal(await serializeAll(), 3);
    assert.equal(await serializeAll(), 0);
    loader.clear("users", [1]);
    assert.equal(await serializeAll(), 3);
    loader.clear("users");
    assert.equal(await serializeAll(), 3);
    loader.clear(forms[1]);
    assert.equal(await serializeAll(), 1);
    loader.clear();
    loader.prime("users", [{ id: 1, code: "primed" }]);
    assert.equal(await serializeAll(), 1);
    const byCode = remoteField(v.string(), { route: "users", mergeKey: "code" });
    const Coded = serializer(v.object({ user: byCode }), services);
    const { user } = await Coded.serialize({ user: "primed" }, { loader });
    assert.deepEqual(user, { id: 1, code: "primed" });
  });

  it("takes what JSON has of a row, and all rows or none", async () => {
    class User {
      readonly id = 1;
      readonly at = new Date(0);
      greet(): string {
        return "Hello";
      }
    }
    const services = new FakeClient({ users: () => [] });
    const Serializer = serializer(
      v.object({ user: remoteField(v.number(), { route: "users" }) }),
      services,
    );
    const loader = new RemoteLoader().prime("users", [new User()]);
    const found = await Serializer.serialize({ user: 1 }, { loader });
    assert.deepEqual(found, { user: { id: 1, at: "1970-01-01T00:00:00.000Z" } });
    const own: { id: number; self?: unknown } = { id: 3 };
    own.self = own;
    for (const bad of [{ name: "no id" }, null, own, { id: 3, n: 1n }]) {
      assert.throws(() => loader.prime("users", [{ id: 2 }, bad] as object[]), {
        code: "invalid_row",
      });
      assert.deepEqual(await Serializer.serialize({ user: 2 }, { loader }), { user: null });
      loader.clear("users", [2]);
    }
  });

  it("gives a field's own timeout no longer a say than the shorter one of a serializer", async () => {
    const services = new FakeClient({ images: (ids: number[]) => ids.map((id) => ({ id })) });
    const loader = new RemoteLoader();
    const patient = remoteField(v.number(), { route: "images", timeout: 60_000 });
    const field = remoteField(v.number(), { route: "images" });
    await Promise.all([
      serializer(v.object({ image: patient }), services).serialize({ image: 1 }, { loader }),
      serializer(v.object({ image: field }), services).serialize(
        { image: 2 },
        { loader, timeout: 50 },
      ),
    ]);
    assert.deepEqual(
      services.calls.map(({ options }) => options.timeout),
      [50],
    );
  });

  it("gives those in one call the shortest timeout among them", async () => {
    const services = new FakeClient({ images: makeImages });
    const image = remoteField(v.number(), { route: "images" });
    const Serializer = serializer(v.object({ image }), services);
    const loader = new RemoteLoader();
    await Promise.all([
      Serializer.serialize({ image: 1 }, { loader, timeout: 60_000 }),
      Serializer.serialize({ image: 2 }, { loader, timeout: 50 }),
      Serializer.serialize({ image: 3 }, { loader }),
    ]);
    assert.deepEqual(
      services.calls.map(({ options }) => options.timeout),
      [50],
    );
  });

  it("forgets rows after their time, and the absence of others sooner", async () => {
    using time = fakeTime();
    const services = new FakeClient({
      images: (ids: number[]) => makeImages(ids.filter((id) => id < 9)),
    });
    const image = remoteField(v.number(), { route: "images" });
    const Serializer = serializer(v.object({ image }), services);
    const loader = new RemoteLoader({ ttl: 1_000, wait: "microtask" });
    const rows = [{ image: 1 }, { image: 9 }];
    const [first] = await Serializer.serialize(rows, { loader });
    await Serializer.serialize(rows, { loader });
    await time.advance(100);
    const [second] = await Serializer.serialize(rows, { loader });
    assert.equal(second?.image, first?.image);
    await time.advance(900);
    await Serializer.serialize(rows, { loader });
    assert.deepEqual(services.bodies("images"), [[1, 9], [9], [1, 9]]);
  });

  it("forgets what was primed after its time, also for forms that nobody had asked for", async () => {
    using time = fakeTime();
    const services = new FakeClient({ images: ({ ids }: { ids: number[] }) => makeImages(ids) });
    const keyed = { route: "images", key: "ids" } as const;
    const Serializer = serializer(v.object({ image: remoteField(v.number(), keyed) }), services);
    const loader = new RemoteLoader({ ttl: 1_000, wait: "microtask" });
    const primed = { id: 1, path: "/primed.jpg" };
    loader.prime("images", [primed]);
    await time.advance(900);
    assert.deepEqual(await Serializer.serialize({ image: 1 }, { loader }), { image: primed });
    await time.advance(100);
    assert.deepEqual(await Serializer.serialize({ image: 1 }, { loader }), {
      image: makeImages([1])[0],
    });
    await time.advance(1_000);
    // In place of a row whose time is over.
    loader.prime("images", [primed]);
    assert.deepEqual(await Serializer.serialize({ image: 1 }, { loader }), { image: primed });
    assert.equal(services.calls.length, 1);
  });

  it("drops rows whose time is over, though nobody asks for them again", async () => {
    using time = fakeTime();
    const memory = new Memory({ ttl: 1_000, absentTtl: 100, max: Infinity });
    for (let id = 0; id < 10_000; id++) {
      memory.set(id, id % 2 === 0 ? {} : undefined);
      if (id % 100 === 0) await time.advance(100);
    }
    assert.ok(memory.rows.size <= 1_000, `${memory.rows.size} rows`);
    assert.equal(memory.isEmpty(), false);
    await time.advance(1_000);
    assert.equal(memory.isEmpty(), true);
  });

  it("remembers as many ids as it may, and gives those that it forgot meanwhile", async () => {
    const services = new FakeClient({ images: makeImages });
    const image = remoteField(v.number(), { route: "images" });
    const Serializer = serializer(v.object({ image }), services);
    const loader = new RemoteLoader({ max: 2 });
    const ask = async (...ids: number[]) => {
      const rows = await Serializer.serialize(
        ids.map((id) => ({ image: id })),
        { loader },
      );
      assert.deepEqual(
        rows.map((row) => row.image?.["id"]),
        ids,
      );
    };
    await ask(1, 2, 3, 4);
    await ask(3, 4);
    await ask(3);
    await ask(5);
    await ask(3, 5);
    await ask(4);
    assert.deepEqual(services.bodies("images"), [[1, 2, 3, 4], [5], [4]]);
  });

  it("refuses options that are wrong, all at once", () => {
    const make = (options: object) => new RemoteLoader(options);
    assert.throws(() => make({ wait: "never", ttl: -1, absentTtl: NaN, max: 0.5, signal: 5 }), {
      code: "invalid_loader",
      message: /signal must .*; wait must .*; ttl must .*; absentTtl must .*; max must /,
    });
  });
});
