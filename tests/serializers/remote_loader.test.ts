import assert from "node:assert/strict";
import { describe, it } from "node:test";

import * as v from "valibot";

import { remoteField, RemoteLoader, serializer, TaskError } from "../../mod.ts";
import { deferred, waitFor } from "../support/wait_for.ts";
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
});
