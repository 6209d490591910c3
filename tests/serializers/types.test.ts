import assert from "node:assert/strict";
import { describe, it } from "node:test";

import type { StandardSchemaV1 } from "@standard-schema/spec";
import * as v from "valibot";

import type { RowOf, Serialized, Validated } from "../../mod.ts";
import {
  IntegerListSerializer,
  remoteField,
  RemoteLoader,
  RPCClient,
  RPCResponse,
  serializer,
  TaskRegistry,
} from "../../mod.ts";

// The compiler does the checking, in `npm run check`; the test runs what was checked.

type Equal<A, B> =
  (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
function expectType<_T extends true>(): void {}

interface Image {
  id: number;
  path: string;
}

const registry = new TaskRegistry();
const imagesByIds = registry("types.images", { input: v.array(v.number()) }, async (ids) =>
  RPCResponse({ data: ids.map((id): Image => ({ id, path: `/${id}.jpg` })) }),
);
const maybeImages = registry("types.maybe", (ids: number[]) => {
  if (ids.length > 9) return RPCResponse({ errors: ["Too many."] });
  return RPCResponse({ data: ids.map((id) => (id > 5 ? null : { id, at: new Date(0) })) });
});
const plain = registry("types.plain", (ids: string[]) => ids.map((code) => ({ code })));

const imageSchema = v.object({
  id: v.number(),
  path: v.pipe(
    v.string(),
    v.transform((path) => path.length),
  ),
});

describe("the types of a remote field", () => {
  it("has the id as its input and what the task answers as its output", () => {
    const field = remoteField(v.number(), { route: imagesByIds });
    expectType<Equal<v.InferInput<typeof field>, number>>();
    expectType<Equal<v.InferOutput<typeof field>, Readonly<Image> | null>>();

    const maybe = remoteField(v.number(), { route: maybeImages });
    expectType<Equal<v.InferOutput<typeof maybe>, Readonly<{ id: number; at: string }> | null>>();

    const bare = remoteField(v.string(), { route: plain, mergeKey: "code" });
    expectType<Equal<v.InferOutput<typeof bare>, Readonly<{ code: string }> | null>>();

    const untyped = remoteField(v.string(), { route: "types.untyped" });
    expectType<Equal<v.InferOutput<typeof untyped>, Readonly<Record<string, unknown>> | null>>();
    assert.equal(field.options.route.route, "types.images");
  });

  it("follows its options", () => {
    const error = remoteField(v.number(), { route: imagesByIds, onMissing: "error" });
    expectType<Equal<v.InferOutput<typeof error>, Readonly<Image>>>();

    const keep = remoteField(v.pipe(v.string(), v.transform(Number)), {
      route: imagesByIds,
      onMissing: "keep",
    });
    expectType<Equal<v.InferInput<typeof keep>, string>>();
    expectType<Equal<v.InferOutput<typeof keep>, Readonly<Image> | number>>();

    const lenient = remoteField(v.number(), {
      route: imagesByIds,
      onMissing: "error",
      onError: "null",
    });
    expectType<Equal<v.InferOutput<typeof lenient>, Readonly<Image> | null>>();

    const checked = remoteField(v.number(), { route: "types.untyped", schema: imageSchema });
    expectType<
      Equal<v.InferOutput<typeof checked>, Readonly<{ id: number; path: number }> | null>
    >();

    const Nested = serializer(v.object({ id: v.number(), image: checked }));
    const nested = remoteField(v.number(), {
      route: "types.users",
      serializer: Nested,
      onMissing: "error",
    });
    expectType<
      Equal<
        v.InferOutput<typeof nested>,
        Readonly<{ id: number; image: Readonly<{ id: number; path: number }> | null }>
      >
    >();
    const later = remoteField(v.number(), {
      route: "types.users",
      serializer: () => Nested,
      onMissing: "error",
    });
    expectType<Equal<v.InferOutput<typeof later>, v.InferOutput<typeof nested>>>();
    assert.equal(later.type, "remote_field");
  });

  it("refuses options and ids that are none", () => {
    // @ts-expect-error an id is text or a number
    remoteField(v.boolean(), { route: imagesByIds });
    // @ts-expect-error not one of the words
    assert.throws(() => remoteField(v.number(), { route: imagesByIds, onMissing: "throw" }));
    // @ts-expect-error no route
    assert.throws(() => remoteField(v.number(), { key: "ids" }));
    // @ts-expect-error no such option
    assert.throws(() => remoteField(v.number(), { route: imagesByIds, onMising: "null" }));
    // @ts-expect-error no such option
    assert.throws(() => remoteField({ route: imagesByIds, onMising: "null" }));
    // @ts-expect-error not a list
    assert.throws(() => remoteField(v.number(), { route: imagesByIds, params: 5, key: "ids" }));
  });
});

describe("a remote field of a task", () => {
  const keyed = registry("types.keyed", (body: { codes: string[]; locale: string }) =>
    body.codes.map((code) => ({ code })),
  );

  it("is tied to it by the compiler: ids, key, params and merge key", () => {
    const right = [
      remoteField(v.pipe(v.string(), v.transform(Number)), { route: imagesByIds }),
      remoteField(v.nullable(v.number()), { route: imagesByIds, mergeKey: "path" }),
      remoteField(v.string(), {
        route: keyed,
        key: "codes",
        mergeKey: "code",
        params: { locale: "uz" },
      }),
      remoteField(v.string(), {
        route: keyed,
        key: "codes",
        mergeKey: "code",
        params: (context: { locale: string }) => ({ locale: context.locale }),
      }),
    ];
    const wrong = () => [
      // @ts-expect-error the task takes numbers
      remoteField(v.string(), { route: imagesByIds }),
      // @ts-expect-error its rows have no such field
      remoteField(v.number(), { route: imagesByIds, mergeKey: "code" }),
      // @ts-expect-error its rows have no "id"
      remoteField(v.string(), { route: plain }),
      // @ts-expect-error the task takes the list itself
      remoteField(v.number(), { route: imagesByIds, key: "ids" }),
      // @ts-expect-error no locale
      remoteField(v.string(), { route: keyed, key: "codes", mergeKey: "code" }),
    ];
    assert.equal(right.length, 4);
    assert.equal(typeof wrong, "function");
  });

  it("is read-only as deep as it is frozen", () => {
    const tagged = registry("types.tagged", (ids: number[]) =>
      ids.map((id) => ({ id, tags: [{ name: "a" }] })),
    );
    const field = remoteField(v.number(), { route: tagged, onMissing: "error" });
    expectType<
      Equal<
        v.InferOutput<typeof field>,
        { readonly id: number; readonly tags: readonly { readonly name: string }[] }
      >
    >();
    assert.equal(field.type, "remote_field");
  });
});

const image = remoteField(v.number(), { route: imagesByIds });
const UserSerializer = serializer(
  v.object({
    id: v.number(),
    name: v.pipe(
      v.string(),
      v.transform((name) => name.length),
    ),
    image,
    second: v.optional(v.nullable(image)),
    gallery: v.array(image),
    avatar: remoteField(v.number(), { route: imagesByIds, source: "avatarId" }),
    path: v.pipe(
      image,
      v.transform((found) => found?.path),
    ),
    home: v.object({ city: v.optional(v.string(), "?"), photo: image }),
  }),
);
type Schema = (typeof UserSerializer)["schema"];
type Found = Readonly<Image> | null;

describe("the types of a serializer", () => {
  it("gives the schema's output", () => {
    expectType<
      Equal<
        Serialized<Schema>,
        {
          id: number;
          name: number;
          image: Found;
          second?: Found | undefined;
          gallery: Found[];
          avatar: Found;
          path: string | undefined;
          home: { city: string; photo: Found };
        }
      >
    >();
    const row = {} as RowOf<Schema>;
    const rows = new Set([row]);
    // Never called: only what it would give is of interest.
    const calls = () => ({
      one: UserSerializer.serialize(row),
      many: UserSerializer.serialize([row, row] as const),
      set: UserSerializer.serialize(rows),
      map: UserSerializer.serialize(new Map([["a", row]])),
    });
    expectType<Equal<ReturnType<typeof calls>["one"], Promise<Serialized<Schema>>>>();
    expectType<Equal<ReturnType<typeof calls>["many"], Promise<Serialized<Schema>[]>>>();
    expectType<Equal<ReturnType<typeof calls>["set"], Promise<Serialized<Schema>[]>>>();
    expectType<Equal<ReturnType<typeof calls>["map"], Promise<Map<string, Serialized<Schema>>>>>();
    assert.equal(typeof calls, "function");
  });

  it("takes rows with ids, under the names of their sources", () => {
    expectType<
      Equal<
        RowOf<Schema>,
        {
          id: number;
          name: string;
          image: number;
          second?: number | null | undefined;
          gallery: readonly number[];
          avatarId: number;
          path: number;
          home: { city?: string | undefined; photo: number };
        }
      >
    >();
    // @ts-expect-error a row without an image
    const call = () => UserSerializer.serialize([{ id: 1, name: "Tom" }]);
    assert.equal(typeof call, "function");
  });

  it("takes read-only lists where what comes out is another list, or read-only", async () => {
    const image = remoteField(v.number(), { route: imagesByIds });
    const Album = serializer(
      v.object({
        images: v.array(image),
        pages: v.optional(v.array(v.object({ image }))),
        tags: v.pipe(v.array(v.string()), v.readonly()),
      }),
      { client: { call: async (_route, ids) => (ids as number[]).map((id) => ({ id })) } },
    );
    const row = { images: [1], pages: [{ image: 1 }], tags: ["a"] } as const;
    const album = await Album.serialize(row);
    expectType<Equal<typeof album.tags, readonly string[]>>();
    assert.equal(album.tags, row.tags);
    assert.equal(album.images[0], album.pages?.[0]?.image);
    const Plain = serializer(v.object({ tags: v.array(v.string()) }));
    // @ts-expect-error the list that comes out is that of the row, and may be written to
    const call = () => Plain.serialize({ tags: row.tags });
    assert.equal(typeof call, "function");
  });

  it("takes rows of any class where the schema is loose", () => {
    class User {
      id = 1;
      image = 7;
      get label(): string {
        return `user ${this.id}`;
      }
    }
    const Loose = serializer(v.looseObject({ image }));
    const call = () => Loose.serialize([new User()]);
    expectType<Equal<Awaited<ReturnType<typeof call>>[number]["image"], Found>>();
    assert.equal(typeof call, "function");
  });

  it("validates to ids", () => {
    expectType<
      Equal<
        Validated<Schema>,
        {
          id: number;
          name: number;
          image: number;
          second?: number | null | undefined;
          gallery: number[];
          avatar: number;
          path: number;
          home: { city: string; photo: number };
        }
      >
    >();
    expectType<Equal<StandardSchemaV1.InferInput<typeof UserSerializer>, v.InferInput<Schema>>>();
    expectType<Equal<StandardSchemaV1.InferOutput<typeof UserSerializer>, Validated<Schema>>>();
    const call = async () => {
      const result = await UserSerializer.validate({});
      if (result.success) expectType<Equal<typeof result.output.image, number>>();
      else expectType<Equal<typeof result.errors, Record<string, string[]>>>();
    };
    assert.equal(typeof call, "function");
  });

  it("survives v.omit, v.pick and v.partial", () => {
    const Short = serializer(v.omit(UserSerializer.schema, ["path", "home", "gallery", "second"]));
    expectType<
      Equal<
        Serialized<(typeof Short)["schema"]>,
        { id: number; name: number; image: Found; avatar: Found }
      >
    >();
    expectType<
      Equal<
        RowOf<(typeof Short)["schema"]>,
        { id: number; name: string; image: number; avatarId: number }
      >
    >();
    const Partial = serializer(v.partial(v.pick(UserSerializer.schema, ["image", "name"])));
    expectType<
      Equal<
        Validated<(typeof Partial)["schema"]>,
        { image?: number | undefined; name?: number | undefined }
      >
    >();
    assert.equal(Partial.schema.type, "object");
  });

  it("knows asynchronous schemas", () => {
    const Async = serializer(
      v.objectAsync({
        name: v.pipeAsync(
          v.string(),
          v.checkAsync(async (name) => name !== ""),
        ),
        image,
      }),
    );
    expectType<Equal<Validated<(typeof Async)["schema"]>, { name: string; image: number }>>();
    expectType<Equal<Serialized<(typeof Async)["schema"]>, { name: string; image: Found }>>();
    assert.equal(Async.schema.async, true);
  });

  it("takes any client and any relation", () => {
    const typed = () => {
      const client = new RPCClient<{ "types.images": typeof imagesByIds }>();
      return UserSerializer.serialize([], { client, loader: new RemoteLoader({ client }) });
    };
    const loader = new RemoteLoader().prime(imagesByIds, [{ id: 1 }]).clear("types.images");
    assert.equal(typeof typed, "function");
    assert.ok(loader);
  });

  it("is the input of a task", () => {
    const create = registry("types.create", { input: UserSerializer }, (user) => {
      expectType<Equal<typeof user.gallery, number[]>>();
      return user.id;
    });
    const list = registry("types.list", { input: IntegerListSerializer.schema }, (ids) => {
      expectType<Equal<typeof ids, number[]>>();
      return ids;
    });
    assert.equal(create.route + list.route, "types.createtypes.list");
  });
});
