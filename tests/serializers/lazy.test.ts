import assert from "node:assert/strict";
import { describe, it } from "node:test";

import * as v from "valibot";

import { remoteField, serializer } from "../../mod.ts";
import { FakeClient } from "./fake_client.ts";

interface Comment {
  image: number;
  replies: Comment[];
}
interface Found {
  image: unknown;
  replies: Found[];
}

const known = (ids: number[]) =>
  ids.filter((id) => id < 9).map((id) => ({ id, path: `/${id}.jpg`, public: id !== 5 }));

/** A schema made anew whenever it is asked for. */
function makeComment(onMissing: "null" | "error" = "null"): v.GenericSchema<Comment, Found> {
  return v.object({
    image: remoteField(v.number(), { route: "images", onMissing }),
    replies: v.array(v.lazy(() => makeComment(onMissing))),
  });
}

const thread = (id: number): Comment => ({
  image: 1,
  replies: [{ image: 2, replies: [{ image: id, replies: [] }] }],
});

describe("v.lazy() whose getter makes its schema anew", () => {
  it("is resolved at every depth, in one call", async () => {
    const services = new FakeClient({ images: known });
    const Serializer = serializer(makeComment("error"), services);
    const image = (id: number) => ({ id, path: `/${id}.jpg`, public: true });
    assert.deepEqual(await Serializer.serialize(thread(3)), {
      image: image(1),
      replies: [{ image: image(2), replies: [{ image: image(3), replies: [] }] }],
    });
    assert.deepEqual(services.bodies("images"), [[1, 2, 3]]);
  });

  it("has its ids checked", async () => {
    const services = new FakeClient({ images: known });
    const Serializer = serializer(makeComment(), services);
    const wrong = await Serializer.validate(thread(999));
    assert.deepEqual(wrong.success ? {} : wrong.errors, {
      "replies[0].replies[0].image": ['Invalid pk "999" - object does not exist.'],
    });
    const right = await Serializer.validate(thread(3));
    assert.deepEqual(right, { success: true, output: thread(3) });
  });

  it("is an error where its fields differ from run to run, never an id that nobody checked", async () => {
    const services = new FakeClient({ images: known });
    const fresh = v.lazy((_input: unknown) => remoteField(v.number(), { route: "images" }));
    const Serializer = serializer(v.object({ image: fresh, other: fresh }), services);
    const anew = { code: "not_collected" };
    await assert.rejects(Serializer.serialize({ image: 1, other: 2 } as never), anew);
    await assert.rejects(Serializer.validate({ image: 1, other: 9 }), anew);
  });
});

describe("v.lazy()", () => {
  it("gives a pipe around it remote objects", async () => {
    const services = new FakeClient({ images: known });
    const image = v.object({ image: remoteField(v.number(), { route: "images" }) });
    const Serializer = serializer(
      v.object({
        cover: v.pipe(
          v.lazy(() => image),
          v.check(({ image: found }) => found?.["public"] === true, "Not public."),
        ),
      }),
      services,
    );
    const right = await Serializer.validate({ cover: { image: 7 } });
    assert.deepEqual(right, { success: true, output: { cover: { image: 7 } } });
    const wrong = await Serializer.validate({ cover: { image: 5 } });
    assert.deepEqual(wrong.success ? {} : wrong.errors, { cover: ["Not public."] });
  });

  it("of a remote field is not passed over in a union", async () => {
    const services = new FakeClient({ images: known });
    const image = remoteField(v.number(), { route: "images" });
    const Serializer = serializer(
      v.object({ cover: v.union([v.lazy(() => image), v.string(), v.number()]) }),
      services,
    );
    await assert.rejects(Serializer.serialize({ cover: 7 } as never), {
      code: "invalid_serializer",
    });
    const wrong = await Serializer.validate({ cover: 999 });
    assert.equal(wrong.success, false);
  });

  it("of rows that hold themselves tells where", async () => {
    const Serializer = serializer(makeComment(), new FakeClient({ images: known }));
    const row = thread(1);
    row.replies.push(row);
    await assert.rejects(Serializer.serialize(row), {
      code: "too_deep",
      message: /at "\[0\]\.replies\[1\]\.replies.*hold themselves\?/,
    });
  });

  it("keeps a fallback around it", async () => {
    const services = new FakeClient({ images: known });
    const inner = v.object({ image: remoteField(v.number(), { route: "images" }) });
    const cover = v.fallback(
      v.lazy(() => inner as unknown as v.GenericSchema<{ image: number }>),
      { image: 0 },
    );
    const Serializer = serializer(v.object({ cover }), services);
    assert.deepEqual(await Serializer.validate({ cover: "?" }), {
      success: true,
      output: { cover: { image: 0 } },
    });
  });
});
