import assert from "node:assert/strict";
import { describe, it } from "node:test";

import * as v from "valibot";

import {
  ConnectionLostError,
  NoRouteError,
  ProtocolError,
  remoteField,
  RemoteLoader,
  RPCResponse,
  RPCTimeoutError,
  serializer,
  TaskError,
  TaskRegistry,
  ValidationError,
} from "../../mod.ts";
import { makeImages, startServices } from "./services.ts";

const known = (ids: number[]) => makeImages(ids.filter((id) => id < 9));

describe("validate()", () => {
  it("gives the output with ids when every remote row exists", async () => {
    await using services = await startServices({ images: known });
    const image = remoteField(v.number(), { route: services.route.images });
    const Serializer = serializer(
      v.object({
        name: v.pipe(v.string(), v.trim()),
        image,
        more: v.optional(v.array(image), () => [3]),
        none: v.nullable(image),
      }),
      services,
    );
    const result = await Serializer.validate({ name: " Tom ", image: 1, none: null, extra: true });
    assert.deepEqual(result, {
      success: true,
      output: { name: "Tom", image: 1, more: [3], none: null },
    });
    // One check for the route, arrays and defaults included.
    assert.deepEqual(services.bodies("images"), [[1, 3]]);
  });

  it("tells everything that is wrong at once, where it is", async () => {
    await using services = await startServices({ images: known });
    const image = remoteField(v.number(), { route: services.route.images, onMissing: "null" });
    const Serializer = serializer(
      v.object({
        name: v.pipe(v.string(), v.nonEmpty("Say a name.")),
        image,
        items: v.array(v.object({ image, gallery: v.array(image) })),
      }),
      services,
    );
    const result = await Serializer.validate({
      name: "",
      image: 9,
      items: [
        { image: 1, gallery: [2] },
        { image: "3", gallery: 4 },
        { image: 10, gallery: [1, 11] },
      ],
    });
    assert.ok(!result.success);
    assert.deepEqual(result.errors, {
      name: ["Say a name."],
      image: ['Invalid pk "9" - object does not exist.'],
      "items[1].image": ['Invalid type: Expected number but received "3"'],
      "items[1].gallery": ["Must be array."],
      "items[2].image": ['Invalid pk "10" - object does not exist.'],
      "items[2].gallery[1]": ['Invalid pk "11" - object does not exist.'],
    });
    assert.deepEqual(result.issues[0], { message: "Say a name.", path: ["name"] });
    assert.equal(services.calls.length, 1);
  });

  it("makes no call for input that names no remote rows", async () => {
    await using services = await startServices({ images: known });
    const image = remoteField(v.number(), { route: services.route.images });
    const Serializer = serializer(v.object({ image: v.nullish(image) }), services);
    assert.deepEqual(await Serializer.validate({}), { success: true, output: {} });
    for (const input of [null, 5, "text", [], { image: "x" }]) {
      const result = await Serializer.validate(input);
      assert.equal(result.success, Array.isArray(input), JSON.stringify(input));
    }
    assert.deepEqual(services.calls, []);
  });

  it("keeps a schema's own message for what is no array", async () => {
    const image = remoteField(v.number(), { route: "images.byIds" });
    const Serializer = serializer(v.object({ images: v.array(image, "A list, please.") }));
    const result = await Serializer.validate({ images: 5 });
    assert.deepEqual(result.success ? {} : result.errors, { images: ["A list, please."] });
  });

  it("passes on what a fail envelope says", async () => {
    const fails: readonly [unknown, string[]][] = [
      ["Not you.", ["Not you."]],
      [
        ["One.", "Two."],
        ["One.", "Two."],
      ],
      [{ ids: ["Too many."], user: { name: ["Unknown."] } }, ["Too many.", "Unknown."]],
      [{}, []],
    ];
    for (const [errors, messages] of fails) {
      await using services = await startServices({ images: () => RPCResponse({ errors }) });
      const route = services.route.images;
      const Serializer = serializer(
        v.object({ image: remoteField(v.number(), { route }) }),
        services,
      );
      const result = await Serializer.validate({ image: 1 });
      const fallback = `Format of response is not correct or route to service is incorrect(${route})`;
      assert.deepEqual(result.success ? {} : result.errors, {
        image: messages.length > 0 ? messages : [fallback],
      });
    }
  });

  it("says what Python bgtasks says of routes that do not answer as they should", async () => {
    const image = remoteField(v.number(), { route: "images" });
    const validateWith = (error: Error) => {
      const client = {
        call: async () => {
          throw error;
        },
      };
      return serializer(v.object({ image }), { client }).validate({ image: 1 });
    };
    const errorsOf = async (error: Error) => {
      const result = await validateWith(error);
      return result.success ? {} : result.errors;
    };
    const format = "Format of response is not correct or route to service is incorrect(images)";
    assert.deepEqual(await errorsOf(new RPCTimeoutError("images", 5, 0, "late")), {
      image: ["Timeout error(images)"],
    });
    assert.deepEqual(await errorsOf(new ProtocolError("no JSON")), { image: [format] });
    assert.deepEqual(await errorsOf(new NoRouteError("images")), { image: [format] });
    const refused = new ValidationError("images", [{ message: "An integer, please.", path: [0] }]);
    assert.deepEqual(await errorsOf(refused), { image: ["An integer, please."] });
    // What is nobody's input's fault is no answer to it.
    const lost = new ConnectionLostError("gone");
    await assert.rejects(validateWith(lost), lost);
    const broken = new TaskError("broken", "Not today.");
    await assert.rejects(validateWith(broken), broken);
  });

  it("runs actions on remote objects, which the output does not hold", async () => {
    await using services = await startServices({
      images: (ids: number[]) => ids.map((id) => ({ id, public: id % 2 === 0 })),
    });
    const schema = v.object({ id: v.number(), public: v.boolean() });
    const image = remoteField(v.number(), {
      route: services.route.images,
      schema,
      onMissing: "error",
    });
    const Serializer = serializer(
      v.pipe(
        v.object({
          image: v.pipe(
            image,
            v.check((found) => found.public, "Not public."),
          ),
          password: v.string(),
          again: v.string(),
        }),
        v.forward(
          v.partialCheck(
            [["password"], ["again"]],
            ({ password, again }) => password === again,
            "Not the same.",
          ),
          ["again"],
        ),
        v.transform(({ image }) => image.id),
      ),
      services,
    );
    assert.deepEqual(await Serializer.validate({ image: 2, password: "a", again: "a" }), {
      success: true,
      output: { image: 2, password: "a", again: "a" },
    });
    assert.equal(services.calls.length, 1, "the check and the actions share what was fetched");
    const result = await Serializer.validate({ image: 1, password: "a", again: "b" });
    assert.deepEqual(result.success ? {} : result.errors, {
      image: ["Not public."],
      again: ["Not the same."],
    });
  });

  it("takes asynchronous schemas", async () => {
    await using services = await startServices({ images: known });
    const image = remoteField(v.number(), { route: services.route.images });
    let checks = 0;
    const unique = v.checkAsync(async (name: string) => {
      checks++;
      return name !== "Tom";
    }, "Taken.");
    const Serializer = serializer(
      v.objectAsync({ name: v.pipeAsync(v.string(), unique), images: v.array(image) }),
      services,
    );
    const result = await Serializer.validate({ name: "Tom", images: [9] });
    assert.deepEqual(result.success ? {} : result.errors, {
      name: ["Taken."],
      "images[0]": ['Invalid pk "9" - object does not exist.'],
    });
    checks = 0;
    assert.equal((await Serializer.validate({ name: "Bob", images: [1] })).success, true);
    assert.equal(checks, 1, "once, when all is well");
    assert.deepEqual(await Serializer.serialize([{ name: "Tom", images: [] }]), [
      { name: "Tom", images: [] },
    ]);
  });

  it("follows v.lazy", async () => {
    await using services = await startServices({ images: known });
    interface Node {
      image: number;
      children: Node[];
    }
    const image = remoteField(v.number(), { route: services.route.images });
    const node: v.GenericSchema<Node> = v.object({
      image,
      children: v.array(v.lazy(() => node)),
    }) as never;
    const Serializer = serializer(node, services);
    const input = { image: 1, children: [{ image: 2, children: [{ image: 9, children: [] }] }] };
    const result = await Serializer.validate(input);
    assert.deepEqual(result.success ? {} : result.errors, {
      "children[0].children[0].image": ['Invalid pk "9" - object does not exist.'],
    });
    assert.deepEqual(services.bodies("images"), [[1, 2, 9]]);
    const good = { image: 1, children: [{ image: 2, children: [] }] };
    assert.deepEqual(await Serializer.validate(good), { success: true, output: good });
  });

  it("knows ids as text, and names with care", async () => {
    await using services = await startServices({
      images: (ids: unknown[]) => ids.map((id) => ({ id: String(id) })),
    });
    const image = remoteField(v.union([v.number(), v.string()]), { route: services.route.images });
    const Serializer = serializer(v.object({ constructor: image, list: v.array(image) }), services);
    const input = { constructor: 1, list: ["1", 2, "__proto__"] };
    assert.deepEqual(await Serializer.validate(input), { success: true, output: input });
    assert.deepEqual(services.calls.length, 1);
  });

  it("leaves what it found to serialize(), by way of a loader", async () => {
    await using services = await startServices({ images: known });
    const image = remoteField(v.number(), { route: services.route.images });
    const Serializer = serializer(v.object({ image }), services);
    const loader = new RemoteLoader();
    const result = await Serializer.validate({ image: 1 }, { loader });
    assert.ok(result.success);
    assert.deepEqual(await Serializer.serialize(result.output, { loader }), {
      image: { id: 1, path: "/1.jpg" },
    });
    assert.equal(services.calls.length, 1);
  });

  it("is what a task checks its input with", async () => {
    await using services = await startServices({ images: known });
    const image = remoteField(v.number(), { route: services.route.images });
    const input = serializer(v.object({ image }), services);
    const registry = new TaskRegistry();
    const task = registry("users.create", { input }, (user) => user.image);
    assert.equal(task.options.input, input);
    assert.deepEqual(await input["~standard"].validate({ image: 1 }), { value: { image: 1 } });
    assert.deepEqual(await input["~standard"].validate({ image: 9 }), {
      issues: [{ message: 'Invalid pk "9" - object does not exist.', path: ["image"] }],
    });
  });

  it("stops at an abort", async () => {
    await using services = await startServices({ images: () => new Promise(() => {}) });
    const image = remoteField(v.number(), { route: services.route.images });
    const Serializer = serializer(v.object({ image }), services);
    const reason = new Error("gone");
    const controller = new AbortController();
    const pending = Serializer.validate({ image: 1 }, { signal: controller.signal });
    controller.abort(reason);
    await assert.rejects(pending, reason);
  });
});
