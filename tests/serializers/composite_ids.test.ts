import assert from "node:assert/strict";
import { describe, it } from "node:test";

import * as v from "valibot";

import type { RowOf, Validated } from "../../mod.ts";
import { BgtasksError, remoteField, RemoteLoader, serializer, TaskRegistry } from "../../mod.ts";
import { onBothAdapters } from "../support/adapters.ts";
import { FakeClient } from "./fake_client.ts";

interface ImageId {
  readonly tenantId: number;
  readonly id: number;
}

const imageId = v.object({ tenantId: v.number(), id: v.number() });
const parts = { mergeKey: ["tenantId", "id"] } as const;
const find = (ids: readonly ImageId[]) =>
  ids.filter(({ id }) => id < 9).map((id) => ({ ...id, path: `/${id.tenantId}/${id.id}.jpg` }));
const task = new TaskRegistry()("composite.images", (ids: ImageId[]) => find(ids));
const at = (tenantId: number, id: number) => ({ tenantId, id, path: `/${tenantId}/${id}.jpg` });

describe("an id of several parts", () => {
  const field = remoteField(imageId, { route: task, ...parts });

  it("is an object in the rows, and asked for once however many rows hold it", async () => {
    const services = new FakeClient({ [task.route]: find });
    const Serializer = serializer(v.object({ image: field }), services);
    const rows = [
      { image: { tenantId: 1, id: 7 } },
      { image: { tenantId: 2, id: 7 } },
      { image: { id: 7, tenantId: 1 } },
    ];
    assert.deepEqual(await Serializer.serialize(rows), [
      { image: at(1, 7) },
      { image: at(2, 7) },
      { image: at(1, 7) },
    ]);
    assert.deepEqual(services.bodies(task.route), [
      [
        { tenantId: 1, id: 7 },
        { tenantId: 2, id: 7 },
      ],
    ]);
  });

  it("is made of the attributes that `source` lists", async () => {
    const services = new FakeClient({ [task.route]: find });
    const cover = remoteField(imageId, {
      route: task,
      ...parts,
      source: ["tenantId", "files.coverId"],
    });
    const Serializer = serializer(
      v.object({ tenantId: v.number(), cover: v.nullable(cover) }),
      services,
    );
    const rows: RowOf<typeof Serializer.schema>[] = [
      { tenantId: 1, files: { coverId: 7 } },
      { tenantId: 1, files: { coverId: null } },
      { tenantId: 2, files: null },
    ];
    assert.deepEqual(await Serializer.serialize(rows), [
      { tenantId: 1, cover: at(1, 7) },
      { tenantId: 1, cover: null },
      { tenantId: 2, cover: null },
    ]);
    assert.deepEqual(services.bodies(task.route), [[{ tenantId: 1, id: 7 }]]);
    // @ts-expect-error -- the id of a file is a number
    await assert.rejects(Serializer.serialize({ tenantId: 1, files: { coverId: "x" } }), {
      code: "invalid_input",
      message: /cover\.id/,
    });
  });

  it("goes out in the request's key, and matches as text", async () => {
    const services = new FakeClient({
      images: ({ ids }: { ids: { tenantId: string; id: string }[] }) =>
        ids.map(({ tenantId, id }) => ({ tenantId: Number(tenantId), id: Number(id) })),
    });
    const keyed = remoteField(v.object({ tenantId: v.string(), id: v.bigint() }), {
      route: "images",
      key: "ids",
      ...parts,
    });
    const Serializer = serializer(v.object({ image: keyed }), services);
    assert.deepEqual(await Serializer.serialize({ image: { tenantId: "1", id: 7n } }), {
      image: { tenantId: 1, id: 7 },
    });
    assert.deepEqual(services.bodies("images"), [{ ids: [{ tenantId: "1", id: 7 }] }]);
  });

  it("is checked by validate(), and comes out as it is stored", async () => {
    const services = new FakeClient({ [task.route]: find });
    const Serializer = serializer(
      v.object({
        image: v.pipe(
          field,
          v.check((image) => image?.path !== "/1/5.jpg", "Not this one."),
        ),
      }),
      services,
    );
    const stored: Validated<typeof Serializer.schema> = { image: { tenantId: 1, id: 7 } };
    const right = await Serializer.validate({ image: { tenantId: 1, id: 7 } });
    assert.deepEqual(right.success && right.output, stored);
    const wrong = async (image: unknown) => {
      const result = await Serializer.validate({ image });
      return result.success ? {} : result.errors;
    };
    assert.deepEqual(await wrong({ tenantId: 1, id: 10 }), {
      image: ['Invalid pk "tenantId=1, id=10" - object does not exist.'],
    });
    assert.deepEqual(await wrong({ tenantId: 1, id: 5 }), { image: ["Not this one."] });
    assert.deepEqual(Object.keys(await wrong({ tenantId: 1 })), ["image.id"]);
    assert.deepEqual(Object.keys(await wrong(7)), ["image"]);
  });

  it("is remembered, cleared and primed by a loader, whatever the order of its parts", async () => {
    const services = new FakeClient({ [task.route]: find });
    const Serializer = serializer(v.object({ image: field }), services);
    const loader = new RemoteLoader();
    const relation = { route: task.route, ...parts };
    loader.prime(relation, [{ id: 1, tenantId: 1, path: "primed" }]);
    const rows = [{ image: { tenantId: 1, id: 1 } }, { image: { tenantId: 1, id: 2 } }];
    const primed = await Serializer.serialize(rows, { loader });
    assert.equal(primed[0]?.image?.path, "primed");
    loader.clear(relation, [{ id: 2, tenantId: 1 }]);
    await Serializer.serialize(rows, { loader });
    assert.deepEqual(services.bodies(task.route), [
      [{ tenantId: 1, id: 2 }],
      [{ tenantId: 1, id: 2 }],
    ]);
    assert.throws(() => loader.prime(relation, [{ id: 1 }]), /without "tenantId" and "id"/);
  });

  it("may have many rows", async () => {
    const services = new FakeClient({
      comments: (ids: ImageId[]) =>
        ids.flatMap((id) => [
          { ...id, text: "a" },
          { ...id, text: "b" },
        ]),
    });
    const comments = remoteField(v.object({ tenantId: v.number(), imageId: v.number() }), {
      route: "comments",
      mergeKey: ["tenantId", "imageId"],
      source: ["tenantId", "id"],
      many: true,
    });
    const Serializer = serializer(v.object({ id: v.number(), comments }), services);
    const image = await Serializer.serialize({ tenantId: 1, id: 7 });
    assert.deepEqual(
      image.comments.map(({ text }) => text),
      ["a", "b"],
    );
  });

  it("says of a remote row without one which parts it should have", async () => {
    const services = new FakeClient({ [task.route]: () => [{ id: 7 }] });
    const Serializer = serializer(v.object({ image: field }), services);
    await assert.rejects(
      Serializer.serialize({ image: { tenantId: 1, id: 7 } }),
      /has no "tenantId" and "id": \{"id":7\}/,
    );
  });

  it("is refused when its options do not fit together", () => {
    const make = (options: object) => () => remoteField({ route: "images", ...options });
    for (const [options, rule] of [
      [
        { mergeKey: ["id"] },
        /mergeKey must be a string that is not empty, or a list of at least two different ones/,
      ],
      [{ mergeKey: ["id", "id"] }, /mergeKey must be/],
      [{ source: ["a", "b"] }, /source can only be a list that has an attribute for each part/],
      [{ mergeKey: ["a", "b"], source: ["a", "b", "c"] }, /source can only be a list/],
      [{ key: ["a", "b"] }, /key must be a string \(mergeKey names the parts of an id\)/],
    ] as const)
      assert.throws(
        make(options),
        (error) => error instanceof BgtasksError && rule.test(error.message),
      );
    const options = { route: task, mergeKey: ["tenantId", "nothing"] } as const;
    // @ts-expect-error -- the task's rows have no such field
    remoteField(imageId, options);
    // @ts-expect-error -- the task takes numbers
    remoteField(v.object({ tenantId: v.string(), id: v.number() }), { route: task, ...parts });
  });
});

onBothAdapters("ids of several parts", (adapter) => {
  it("cross as objects", async () => {
    await using bench = adapter.open();
    const route = bench.route("images");
    bench.registry(route, { input: v.array(imageId) }, (ids) => find(ids));
    await bench.worker();
    const field = remoteField(imageId, { route, ...parts });
    const Serializer = serializer(v.object({ image: field }), { client: bench.client() });
    assert.deepEqual(await Serializer.serialize({ image: { tenantId: 1, id: 7 } }), {
      image: at(1, 7),
    });
  });
});
