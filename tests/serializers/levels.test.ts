import assert from "node:assert/strict";
import { describe, it } from "node:test";

import * as v from "valibot";

import { remoteField, serializer, TaskError } from "../../mod.ts";
import { groupByRoutes, Relation } from "../../src/serializers/relation.ts";
import { noIds, noteId } from "../../src/serializers/collect.ts";
import { targetOf } from "../../src/serializers/plan_rows.ts";
import { asRemoteField } from "../../src/serializers/remote_field.ts";
import { viewSchema } from "../../src/serializers/valibot_schema.ts";
import { waitFor } from "../support/wait_for.ts";
import { FakeClient } from "./fake_client.ts";

const image = remoteField(v.number(), { route: "images" });
const WithImage = serializer(v.object({ id: v.number(), image }));
const WithFile = serializer(
  v.object({ id: v.number(), file: remoteField(v.number(), { route: "files" }) }),
);
const withIds = (ids: number[]) => ids.map((id) => ({ id, image: id, file: id }));
const bare = (ids: number[]) => ids.map((id) => ({ id }));

/** A route that answers when it is told to. */
function held(): {
  readonly open: () => void;
  readonly route: (ids: number[]) => Promise<object[]>;
} {
  let open = () => {};
  const opened = new Promise<void>((resolve) => (open = resolve));
  return { open: () => open(), route: (ids) => opened.then(() => withIds(ids)) };
}

describe("levels of remote rows", () => {
  it("do not wait for rows that lead elsewhere", async () => {
    const slow = held();
    const services = new FakeClient({
      users: withIds,
      teams: slow.route,
      images: bare,
      files: bare,
    });
    const Serializer = serializer(
      v.object({
        user: remoteField(v.number(), { route: "users", serializer: WithImage }),
        team: remoteField(v.number(), { route: "teams", serializer: WithFile }),
      }),
      services,
    );
    const work = Serializer.serialize([{ user: 1, team: 2 }]);
    await waitFor(() => services.bodies("images").length === 1, "the images are asked for");
    assert.deepEqual(services.bodies("files"), []);
    slow.open();
    assert.deepEqual(await work, [
      { user: { id: 1, image: { id: 1 } }, team: { id: 2, file: { id: 2 } } },
    ]);
  });

  it("wait for rows that lead to the same route, which is called once", async () => {
    const services = new FakeClient({ users: withIds, teams: withIds, images: bare });
    const Deep = serializer(
      v.object({
        image: remoteField(v.number(), {
          route: "images",
          serializer: serializer(v.object({ id: v.number() })),
        }),
      }),
    );
    const Serializer = serializer(
      v.object({
        user: remoteField(v.number(), { route: "users", serializer: WithImage }),
        team: remoteField(v.number(), { route: "teams", serializer: Deep }),
      }),
      services,
    );
    await Serializer.serialize([{ user: 1, team: 2 }]);
    assert.deepEqual(services.bodies("images"), [[1, 2]]);
  });

  it("wait for each other where v.lazy hides where rows lead", async () => {
    const services = new FakeClient({ users: withIds, teams: withIds, images: bare });
    const Lazy = serializer(v.object({ image: v.lazy(() => image) }));
    const Serializer = serializer(
      v.object({
        user: remoteField(v.number(), { route: "users", serializer: WithImage }),
        team: remoteField(v.number(), { route: "teams", serializer: Lazy }),
      }),
      services,
    );
    await Serializer.serialize([{ user: 1, team: 2 }]);
    assert.deepEqual(services.bodies("images"), [[1, 2]]);
  });

  it("end with the first failure, whatever level it is of", async () => {
    const slow = held();
    const services = new FakeClient({
      users: withIds,
      teams: slow.route,
      images: () => {
        throw new TaskError("down", "Not today.");
      },
      files: bare,
    });
    const Serializer = serializer(
      v.object({
        user: remoteField(v.number(), { route: "users", serializer: WithImage }),
        team: remoteField(v.number(), { route: "teams", serializer: WithFile }),
      }),
      services,
    );
    await assert.rejects(Serializer.serialize([{ user: 1, team: 2 }]), { message: "Not today." });
    const team = services.calls.find(({ route }) => route === "teams");
    assert.ok(team?.options.signal?.aborted);
    slow.open();
    assert.deepEqual(services.bodies("files"), []);
  });
});

describe("relations", () => {
  const relationOf = (route: string, nested?: typeof WithImage | typeof WithFile) => {
    const field = remoteField(v.number(), { route, ...(nested && { serializer: nested }) });
    const plan = targetOf(asRemoteField(viewSchema(field)));
    return { plan, relation: new Relation(plan.field.endpoint, plan, idsFrom(1)) };
  };
  const idsFrom = (first: number) => {
    const known = noIds();
    for (let id = first; id < first + 100; id++) noteId(known, id, id);
    return known;
  };

  it("are grouped by where they lead, through others, too", () => {
    const { relation: a } = relationOf("a", WithImage);
    const { relation: b } = relationOf("b", WithFile);
    const { relation: c } = relationOf("c", WithImage);
    const { relation: plain } = relationOf("d");
    assert.deepEqual(groupByRoutes([a, b, plain, c]), [[b], [plain], [a, c]]);
  });

  it("take the ids of further fields without a copy of all of them", () => {
    const { plan, relation } = relationOf("a");
    relation.add(plan.field.endpoint, plan, idsFrom(101));
    const { byKey } = relation;
    for (let field = 2; field < 20; field++) {
      relation.add(plan.field.endpoint, plan, idsFrom(field * 100 + 1));
      // A new map for each field costs as much as all fields before it.
      assert.equal(relation.byKey, byKey);
    }
    assert.equal(byKey.size, 2_000);
  });
});
