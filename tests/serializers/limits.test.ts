import assert from "node:assert/strict";
import { describe, it } from "node:test";

import * as v from "valibot";

import {
  IntegerListSerializer,
  remoteField,
  RPCResponse,
  serializer,
  ValidationError,
} from "../../mod.ts";
import { FakeClient } from "./fake_client.ts";
import { startServices } from "./services.ts";

const image = remoteField(v.number(), { route: "images" });
const known = (ids: number[]) => ids.filter((id) => id < 9).map((id) => ({ id }));
const errorsOf = (result: { success: boolean; errors?: object }) => result.errors ?? {};

describe("validate()", () => {
  it("asks for no ids of a list that is too long, and still tells the rest", async () => {
    const services = new FakeClient({ images: known });
    const Serializer = serializer(
      v.object({
        cover: image,
        images: v.pipe(v.array(image), v.maxLength(3, "At most 3.")),
        pairs: v.optional(
          v.pipe(
            v.array(v.object({ image })),
            v.minLength(2, "At least 2."),
            v.check((pairs) => pairs.every((pair) => pair.image !== null)),
          ),
        ),
      }),
      services,
    );
    const ids = Array.from({ length: 1_000_000 }, (_, id) => id);
    const input = { cover: 9, images: ids, pairs: [{ image: 4 }] };
    assert.deepEqual(errorsOf(await Serializer.validate(input)), {
      cover: ['Invalid pk "9" - object does not exist.'],
      images: ["At most 3."],
      pairs: ["At least 2."],
    });
    assert.deepEqual(services.bodies("images"), [[9]]);
    const right = { cover: 1, images: [1, 2, 3], pairs: [{ image: 1 }, { image: 2 }] };
    assert.deepEqual(await Serializer.validate(right), { success: true, output: right });
  });

  it("tells a hundred issues, and how many more there are", async () => {
    const services = new FakeClient({
      images: () => [],
      picky: () => RPCResponse({ errors: Array.from({ length: 100 }, () => "No.") }),
    });
    const ids = Array.from({ length: 10_000 }, (_, id) => id);
    const Many = serializer(v.object({ images: v.array(image) }), services);
    const many = await Many.validate({ images: ids });
    assert.ok(!many.success);
    assert.equal(many.issues.length, 101);
    assert.deepEqual(many.issues.at(-1), { message: "There are 9900 more issues.", path: [] });
    assert.deepEqual(many.errors["images[0]"], ['Invalid pk "0" - object does not exist.']);

    const picky = remoteField(v.number(), { route: "picky" });
    const Picky = serializer(v.object({ images: v.array(picky) }), services);
    const told = await Picky.validate({ images: ids });
    assert.ok(!told.success);
    assert.deepEqual(told.issues.at(-1)?.message, "There are 999900 more issues.");

    const Plain = serializer(v.object({ names: v.array(v.string()) }), services);
    const plain = await Plain.validate({ names: ids });
    assert.ok(!plain.success);
    assert.equal(plain.issues.length, 101);
  });

  it("answers for ids that JSON cannot bring back", async () => {
    const services = new FakeClient({ images: known });
    const Serializer = serializer(
      v.object({ image: remoteField(v.any(), { route: "images" }) }),
      services,
    );
    for (const [json, message] of [
      ['{"image":1e999}', "Incorrect type. Expected pk value, received number."],
      ['{"image":[1]}', "Incorrect type. Expected pk value, received array."],
      ['{"image":{"__proto__":1}}', "Incorrect type. Expected pk value, received object."],
    ] as const) {
      const result = await Serializer.validate(JSON.parse(json));
      assert.deepEqual(errorsOf(result), { image: [message] }, json);
    }
    assert.deepEqual(services.calls, []);
  });

  it("answers for ids that are longer than a message", async () => {
    await using services = await startServices({ images: () => [] });
    const field = remoteField(v.string(), { route: services.route.images });
    const Serializer = serializer(v.object({ images: v.array(field) }), services);
    const result = await Serializer.validate({ images: ["a", "x".repeat(20_000_000)] });
    const errors = errorsOf(result) as Record<string, string[]>;
    assert.deepEqual(errors["images[0]"], ['Invalid pk "a" - object does not exist.']);
    assert.match(
      errors["images[1]"]?.[0] ?? "",
      /^Invalid pk "x{100}…" - object does not exist\.$/,
    );
  });

  it("flags those ids alone of which a service says what is wrong", async () => {
    const checked = (ids: unknown) => {
      const list = IntegerListSerializer({ data: ids });
      if (!list.isValid()) return RPCResponse({ errors: list.errors });
      return RPCResponse({ data: known([...list.validatedData]) });
    };
    const services = new FakeClient({
      images: checked,
      keyed: ({ ids }: { ids: unknown }) => {
        const list = IntegerListSerializer({ data: ids });
        if (!list.isValid()) return RPCResponse({ errors: { ids: list.errors } });
        return known([...list.validatedData]);
      },
      strict: (ids: number[]) => {
        const issues = ids.flatMap((id, index) =>
          Number.isInteger(id) ? [] : [{ message: "An integer, please.", path: [index] }],
        );
        if (issues.length > 0) throw new ValidationError("strict", issues);
        return known(ids);
      },
    });
    for (const [options, message] of [
      [{ route: "images" }, "A valid integer is required."],
      [{ route: "keyed", key: "ids" }, "A valid integer is required."],
      [{ route: "strict" }, "An integer, please."],
    ] as const) {
      const field = remoteField(v.number(), options);
      const Serializer = serializer(v.object({ images: v.array(field) }), services);
      assert.deepEqual(errorsOf(await Serializer.validate({ images: [1, 1.5, 2, 9] })), {
        "images[1]": [message],
        "images[3]": ['Invalid pk "9" - object does not exist.'],
      });
    }
  });

  it("flags no right ids when each of many calls has a wrong one", async () => {
    const services = new FakeClient({
      images: ([id = 0]: number[]) =>
        Number.isInteger(id)
          ? known([id])
          : RPCResponse({ errors: { 0: ["An integer, please."] } }),
    });
    const image = remoteField(v.number(), { route: "images", maxBatch: 1 });
    const Serializer = serializer(v.object({ images: v.array(image) }), services);
    const images = [1, 1.5, 2.5, 3.5, 4.5, 5.5, 2];
    assert.deepEqual(errorsOf(await Serializer.validate({ images })), {
      "images[1]": ["An integer, please."],
      "images[2]": ["An integer, please."],
      "images[3]": ["An integer, please."],
    });
  });

  it("stops asking when one route fails for reasons of its own", async () => {
    let calls = 0;
    const failure = new Error("lost");
    const client = {
      async call(route: string, ids: unknown): Promise<unknown> {
        calls++;
        await Promise.resolve();
        if (route === "broken") throw failure;
        return known(ids as number[]);
      },
    };
    const many = remoteField(v.number(), { route: "many", maxBatch: 1, concurrency: 1 });
    const broken = remoteField(v.number(), { route: "broken" });
    const Serializer = serializer(v.object({ many: v.array(many), broken }), { client });
    const rows = { many: Array.from({ length: 200 }, (_, id) => id), broken: 1 };
    for (const work of [() => Serializer.serialize(rows), () => Serializer.validate(rows)]) {
      calls = 0;
      await assert.rejects(work(), failure);
      const before = calls;
      await new Promise((resolve) => setTimeout(resolve, 20));
      assert.equal(calls, before);
      assert.ok(calls < 10, `${calls} calls`);
    }
  });
});

describe("serialize()", () => {
  it("transforms nothing that is wrong, however much there is", async () => {
    const services = new FakeClient({ images: () => [] });
    const path = v.pipe(
      remoteField(v.number(), {
        route: "images",
        onMissing: "error",
        schema: v.object({ path: v.string() }),
      }),
      v.transform((found) => found.path.length),
    );
    const rows = Array.from({ length: 101 }, (_, id) => ({ path: id }));
    await assert.rejects(serializer(v.object({ path }), services).serialize(rows), ValidationError);
  });

  it("leaves few listeners on a signal, however many ask", async () => {
    const signal = new AbortController().signal;
    let listeners = 0;
    let most = 0;
    const add = signal.addEventListener.bind(signal);
    const remove = signal.removeEventListener.bind(signal);
    signal.addEventListener = (...args: Parameters<typeof add>) => {
      most = Math.max(most, ++listeners);
      add(...args);
    };
    signal.removeEventListener = (...args: Parameters<typeof remove>) => {
      listeners--;
      remove(...args);
    };
    const routes = Array.from({ length: 12 }, (_, index) => `route${index}`);
    const services = new FakeClient(Object.fromEntries(routes.map((route) => [route, known])));
    const entries = routes.map((route) => [route, remoteField(v.number(), { route, maxBatch: 1 })]);
    const Serializer = serializer(
      v.object(Object.fromEntries(entries) as Record<string, typeof image>),
      services,
    );
    const row = Object.fromEntries(routes.map((route) => [route, 1]));
    const work = Array.from({ length: 12 }, () => Serializer.serialize([row, row], { signal }));
    await Promise.all(work);
    assert.ok(most <= 2, `${most} listeners`);
    assert.equal(listeners, 0);
  });
});
