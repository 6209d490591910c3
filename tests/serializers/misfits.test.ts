import assert from "node:assert/strict";
import { describe, it } from "node:test";

import * as v from "valibot";

import { ProtocolError, remoteField, RemoteLoader, serializer, TaskError } from "../../mod.ts";
import { FakeClient } from "./fake_client.ts";

interface User {
  readonly id: number;
  readonly name: string;
  readonly photo?: number;
}

const users: readonly User[] = [
  { id: 1, name: "Tom", photo: 7 },
  { id: 2, name: "Bob" },
];
const byIds = (ids: number[]) => users.filter(({ id }) => ids.includes(id));
const images = (ids: number[]) => ids.map((id) => ({ id, path: `/${id}.jpg` }));
const photo = remoteField(v.number(), { route: "images" });
const Full = serializer(v.object({ name: v.string(), photo }));
const Brief = serializer(v.object({ name: v.string() }));

describe("rows that a nested serializer cannot use", () => {
  it("are no matter when another field asked for them, or nobody knows them", async () => {
    const services = new FakeClient({ users: byIds, images });
    const Posts = serializer(
      v.object({
        author: remoteField(v.number(), { route: "users", serializer: Full }),
        editor: remoteField(v.number(), { route: "users", serializer: Brief }),
      }),
      services,
    );
    // The editor has no photo, which only authors need.
    assert.deepEqual(await Posts.serialize([{ author: 1, editor: 2 }]), [
      { author: { name: "Tom", photo: { id: 7, path: "/7.jpg" } }, editor: { name: "Bob" } },
    ]);
    assert.deepEqual(await Posts.serialize([{ author: 9, editor: 9 }]), [
      { author: null, editor: null },
    ]);
    assert.deepEqual(services.bodies("users"), [[1, 2], [9]]);
  });

  it("are no matter when a loader has them from others", async () => {
    const services = new FakeClient({ users: byIds, images });
    const field = { route: "users" };
    const seen: string[] = [];
    const Named = serializer(
      v.object({
        name: v.pipe(
          v.string(),
          v.transform((name) => (seen.push(name), name)),
        ),
        photo,
      }),
    );
    const Editors = serializer(v.object({ user: remoteField(v.number(), field) }), services);
    const Authors = serializer(
      v.object({ user: remoteField(v.number(), { ...field, serializer: Named }) }),
      services,
    );
    const loader = new RemoteLoader();
    await Editors.serialize([{ user: 2 }, { user: 9 }], { loader });
    assert.deepEqual(await Authors.serialize([{ user: 1 }, { user: 9 }], { loader }), [
      { user: { name: "Tom", photo: { id: 7, path: "/7.jpg" } } },
      { user: null },
    ]);
    assert.deepEqual(seen, ["Tom"]);
  });

  it("are null alone where the field says so about errors", async () => {
    const services = new FakeClient({ users: byIds, images });
    const user = { route: "users", serializer: Full } as const;
    const lenient = remoteField(v.number(), { ...user, onError: "null" });
    const rows = [{ user: 1 }, { user: 2 }];
    const Lenient = serializer(v.object({ user: lenient }), services);
    assert.deepEqual(await Lenient.serialize(rows), [
      { user: { name: "Tom", photo: { id: 7, path: "/7.jpg" } } },
      { user: null },
    ]);
    const Strict = serializer(v.object({ user: remoteField(v.number(), user) }), services);
    await assert.rejects(Strict.serialize(rows), ProtocolError);
  });

  it("are null also when a route that they need fails, or has no such row", async () => {
    const services = new FakeClient({
      users: byIds,
      broken: () => {
        throw new TaskError("broken", "Not today.");
      },
      images: () => [],
    });
    const of = (route: string) =>
      serializer(
        v.object({
          user: remoteField(v.number(), {
            route: "users",
            onError: "null",
            serializer: serializer(
              v.object({ photo: remoteField(v.number(), { route, onMissing: "error" }) }),
            ),
          }),
          same: remoteField(v.number(), { route: "users", source: "user" }),
        }),
        services,
      ).serialize({ user: 1 });
    for (const route of ["broken", "images"])
      assert.deepEqual(await of(route), { user: null, same: users[0] }, route);
  });

  it("do not keep the schema's other rows from being used", async () => {
    const services = new FakeClient({ users: byIds });
    const user = remoteField(v.number(), {
      route: "users",
      schema: v.object({ name: v.literal("Tom") }),
      onError: "null",
    });
    const Serializer = serializer(v.object({ user }), services);
    assert.deepEqual(await Serializer.serialize([{ user: 1 }, { user: 2 }]), [
      { user: { name: "Tom" } },
      { user: null },
    ]);
  });
});

describe("an outcome of a field's schema", () => {
  it("may be falsy", async () => {
    const services = new FakeClient({ prices: () => [{ id: 1, cents: 0 }] });
    const schema = v.pipe(
      v.object({ cents: v.number() }),
      v.transform(({ cents }) => cents),
    );
    for (const onMissing of ["null", "keep", "error"] as const) {
      const price = remoteField(v.number(), { route: "prices", schema, onMissing });
      const Serializer = serializer(v.object({ price }), services);
      assert.deepEqual(await Serializer.serialize({ price: 1 }), { price: 0 }, onMissing);
    }
  });

  it("is awaited for all rows at the same time", async () => {
    const services = new FakeClient({ users: byIds });
    let open = 0;
    let most = 0;
    const schema = v.pipeAsync(
      v.object({ name: v.string() }),
      v.checkAsync(async () => {
        most = Math.max(most, ++open);
        await Promise.resolve();
        open--;
        return true;
      }),
    );
    const user = remoteField(v.number(), { route: "users", schema });
    await serializer(v.object({ user }), services).serialize([{ user: 1 }, { user: 2 }]);
    assert.equal(most, 2);
  });

  it("may hold itself", async () => {
    const services = new FakeClient({ users: byIds });
    const schema = v.pipe(
      v.object({ id: v.number() }),
      v.transform((row) => {
        const own: { id: number; self?: unknown } = { ...row };
        own.self = own;
        return own;
      }),
    );
    const Serializer = serializer(
      v.object({ user: remoteField(v.number(), { route: "users", schema, onMissing: "error" }) }),
      services,
    );
    const { user } = await Serializer.serialize({ user: 1 });
    assert.equal(user.self, user);
    assert.ok(Object.isFrozen(user));
  });
});
