import assert from "node:assert/strict";
import { describe, it } from "node:test";

import * as v from "valibot";
import * as z from "zod";

import {
  FailResponseError,
  ProtocolError,
  remoteField,
  RPCResponse,
  serializer,
} from "../../mod.ts";
import type { Image } from "./services.ts";
import { makeImages, startServices } from "./services.ts";

/** Serializes one row whose remote service answers `reply`. */
async function serializeWith(
  reply: (ids: number[]) => unknown,
  options: object = {},
): Promise<unknown> {
  await using services = await startServices({ images: reply });
  const image = remoteField(v.number(), { route: services.route.images, ...options });
  const [row] = await serializer(v.object({ image }), services).serialize([{ image: 1 }]);
  return row?.image;
}

describe("a reply", () => {
  it("is a list, or an envelope with one", async () => {
    const image = { id: 1, path: "/1.jpg" };
    assert.deepEqual(await serializeWith(makeImages), image);
    assert.deepEqual(await serializeWith((ids) => RPCResponse({ data: makeImages(ids) })), image);
  });

  it("may hold rows nobody asked for, the same twice, and null for those that are not there", async () => {
    const rows = [
      { id: 2 },
      null,
      { id: 1, n: "first" },
      { id: 1, n: "second" },
      { id: "constructor" },
    ];
    assert.deepEqual(await serializeWith(() => rows), { id: 1, n: "first" });
  });

  it("matches by the merge key", async () => {
    const rows = [
      { id: 1, code: 7 },
      { id: 7, code: 1 },
    ];
    assert.deepEqual(await serializeWith(() => rows, { mergeKey: "code" }), { id: 7, code: 1 });
  });

  const broken: Record<string, readonly [reply: unknown, message: RegExp]> = {
    "without the merge key": [
      [{ path: "/1.jpg" }],
      /match a row of the reply of ".*images" because it has no "id": \{"path"/,
    ],
    "with an inherited merge key": [[{}], /has no "id": \{\}/],
    "with something else than rows": [[1], /has no "id": 1/],
    "that is an object": [{ id: 1 }, /is not a list of rows: \{"id":1\}/],
    "that is null": [null, /is not a list of rows: null/],
    "that is text": ["[]", /is not a list of rows: "\[\]"/],
    "of an envelope without a list": [
      { status: "success", data: { id: 1 } },
      /is not a list of rows: \{"id":1\}/,
    ],
  };
  for (const [what, [reply, message]] of Object.entries(broken)) {
    it(`${what} rejects with ProtocolError`, async () => {
      await assert.rejects(
        serializeWith(() => reply),
        (error) => error instanceof ProtocolError && message.test(error.message),
      );
      assert.equal(await serializeWith(() => reply, { onError: "null" }), null);
    });
  }

  it("cannot be matched by what every object inherits", async () => {
    await assert.rejects(
      serializeWith(() => [{ id: 1 }], { mergeKey: "constructor" }),
      /has no "constructor"/,
    );
  });

  it("that says fail rejects with FailResponseError, which names the route", async () => {
    const fail = () => RPCResponse({ errors: { ids: ["Too many."] } });
    await assert.rejects(serializeWith(fail), (error) => {
      assert.ok(error instanceof FailResponseError);
      assert.match(error.message, /the reply of "test\..*\.images"/);
      assert.deepEqual(error.errors, { ids: ["Too many."] });
      return true;
    });
    assert.equal(await serializeWith(fail, { onError: "null" }), null);
  });

  it("goes through the field's schema, of any library, synchronous or not", async () => {
    const upper = v.object({ id: v.number(), path: v.pipe(v.string(), v.toUpperCase()) });
    assert.deepEqual(await serializeWith(makeImages, { schema: upper }), { id: 1, path: "/1.JPG" });
    const zod = z.object({ path: z.string().transform((path) => path.length) });
    assert.deepEqual(await serializeWith(makeImages, { schema: zod }), { path: 6 });
    const late = v.pipeAsync(
      v.object({ id: v.number() }),
      v.transformAsync(async ({ id }) => ({ late: id })),
    );
    assert.deepEqual(await serializeWith(makeImages, { schema: late }), { late: 1 });
  });

  it("that the schema refuses rejects with ProtocolError, which says what is wrong", async () => {
    const schema = v.object({ id: v.number(), sizes: v.array(v.number()) });
    const reply = (ids: number[]) => ids.map((id) => ({ id, sizes: [1, "2"] }));
    await assert.rejects(
      serializeWith(reply, { schema }),
      (error) =>
        error instanceof ProtocolError &&
        /images":\n {2}- sizes\[1\]: .*number/.test(error.message),
    );
    assert.equal(await serializeWith(reply, { schema, onError: "null" }), null);
  });

  it("is checked once for each row of it, and its outcome frozen", async () => {
    let checked = 0;
    const schema = v.pipe(
      v.object({ id: v.number() }),
      v.transform(({ id }) => {
        checked++;
        return { id, at: new Date(0), tags: ["a"] };
      }),
    );
    await using services = await startServices({ images: makeImages });
    const image = remoteField(v.number(), { route: services.route.images, schema });
    const rows = Array.from({ length: 10 }, (_, index) => ({ image: index % 2 }));
    const [row] = await serializer(v.object({ image }), services).serialize(rows);
    assert.equal(checked, 2);
    assert.ok(Object.isFrozen(row?.image) && Object.isFrozen(row?.image?.tags));
    assert.ok(row?.image?.at instanceof Date);
  });

  it("that never comes as there is no such route rejects with the error of the call", async () => {
    await using services = await startServices({ images: (): Image[] => [] });
    const route = `${services.route.images}.checked`;
    const image = remoteField(v.number(), { route });
    await assert.rejects(serializer(v.object({ image }), services).serialize({ image: 1 }), {
      name: "NoRouteError",
      route,
    });
  });
});
