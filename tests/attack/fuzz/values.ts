import type { MessageHeaders } from "../../../mod.ts";

/** Values that calls carry and handlers return, those too that no JSON can be. Made anew each time, as some can be changed. */
export const VALUES: Readonly<Record<string, () => unknown>> = {
  undefined: () => undefined,
  null: () => null,
  zero: () => 0,
  "minus zero": () => -0,
  "a fraction": () => 0.1 + 0.2,
  "a large number": () => 1e300,
  "2 ** 53": () => 2 ** 53,
  NaN: () => Number.NaN,
  Infinity: () => Infinity,
  "a BigInt": () => 10n,
  "empty text": () => "",
  "text of all planes": () => 'ž\u0000\u2028\ud83d\ude00\ufeff"\\',
  "half a surrogate pair": () => "a\ud800b",
  "a byte order mark first": () => "\ufeffa",
  "1,900 letters": () => "x".repeat(1_900),
  "2,100 letters": () => "x".repeat(2_100),
  "700 letters of three bytes": () => "€".repeat(700),
  true: () => true,
  "an empty list": () => [],
  "a list with holes": () => Array.of<unknown>(1).concat(Array.from({ length: 3 })),
  "a list of undefined": () => [undefined, 1],
  "an object": () => ({ a: 1 }),
  "an object with more": () => ({ a: 1, b: [true, { c: null }] }),
  "an object of another type": () => ({ a: "1" }),
  "an object with undefined": () => ({ a: 1, b: undefined }),
  "an own __proto__": () => JSON.parse('{"__proto__":{"a":1},"a":2}') as unknown,
  "names of Object.prototype": () => ({ constructor: 1, toString: null, hasOwnProperty: "x" }),
  "numbers as names": () => ({ 10: "a", 2: "b", a: "c" }),
  "no prototype": () => Object.assign(Object.create(null) as object, { a: 1 }),
  "a date": () => new Date(86_400_000),
  "an invalid date": () => new Date(Number.NaN),
  "a toJSON": () => ({ toJSON: () => ({ a: 3 }) }),
  "a toJSON of undefined": () => ({ toJSON: () => undefined }),
  "a toJSON that throws": () => ({
    toJSON() {
      throw new Error("toJSON fails");
    },
  }),
  "a getter that throws": () => ({
    get a(): unknown {
      throw new Error("the getter fails");
    },
  }),
  "a Map": () => new Map([["a", 1]]),
  "a Map within": () => ({ a: new Map() }),
  "a Set within": () => [new Set([1])],
  "a function": () => () => 1,
  "a function within": () => ({ a: [() => 1] }),
  "a symbol": () => Symbol("a"),
  "an instance": () =>
    new (class Point {
      readonly a = 1;
    })(),
  bytes: () => Uint8Array.of(1, 2),
  "an error": () => new Error("as a value"),
  "a cycle": () => {
    const value: Record<string, unknown> = { a: 1 };
    value["self"] = value;
    return value;
  },
  "100 levels": () => nested(100),
  "400 levels": () => nested(400),
  "40,000 levels": () => nested(40_000),
  "an envelope of success": () => ({ status: "success", data: { a: 1 } }),
  "an envelope of failure": () => ({ status: "fail", data: { code: "a", message: "b", data: 1 } }),
};

/** Headers that callers give, those too that no message can carry. */
export const HEADERS: Readonly<Record<string, () => unknown>> = {
  none: () => undefined,
  empty: () => ({}),
  text: () => ({ a: "x", b: "ž\n\u0000" }),
  numbers: () => ({ a: 1, b: 1.5, c: -7, d: 2 ** 40, e: 2 ** 53, f: 1e300 }),
  "minus zero": () => ({ a: -0 }),
  booleans: () => ({ a: true, b: false }),
  "names of Object.prototype": () => ({ constructor: "a", toString: "b" }),
  "an own __proto__": () => JSON.parse('{"__proto__":"a","b":1}') as unknown,
  "numbers as names": () => ({ 2: "a", 1: "b" }),
  "half a surrogate pair": () => ({ a: "x\ud800y" }),
  "half a surrogate pair as name": () => ({ "a\udc00": "x" }),
  "a name of 255 bytes": () => ({ ["n".repeat(255)]: 1 }),
  "a name of 256 bytes": () => ({ ["n".repeat(256)]: 1 }),
  "no name": () => ({ "": 1 }),
  NaN: () => ({ a: Number.NaN }),
  null: () => null,
  "null within": () => ({ a: null }),
  "a list": () => ["a"],
  "a BigInt": () => ({ a: 1n }),
  "an object within": () => ({ a: {} }),
  "the failure's": () => ({ "bgtasks-error": "a" }),
  "20 KB": () => ({ a: "x".repeat(20_000) }),
  "200 KB": () => ({ a: "x".repeat(200_000) }),
  many: () => Object.fromEntries(Array.from({ length: 200 }, (_, i) => [`name ${i}`, i])),
};

/** What a call sends along, as if it were of the right type. */
export function headersOf(name: string): MessageHeaders | undefined {
  return HEADERS[name]?.() as MessageHeaders | undefined;
}

/** Routes that nobody can call. */
export const BAD_ROUTES: readonly unknown[] = [
  "",
  "amq.a",
  "x".repeat(256),
  "ž".repeat(128),
  5,
  null,
];

/** What a task error says for a program to tell it by. */
export const CODES: Readonly<Record<string, unknown>> = {
  plain: "sold_out",
  empty: "",
  "with a space": "sold out",
  "with other letters": "vyprodáno\u0000\n",
  "half a surrogate pair": "a\ud800",
  invalid_input: "invalid_input",
  invalid_output: "invalid_output",
  timeout: "timeout",
  no_route: "no_route",
  connection_lost: "connection_lost",
  internal: "internal",
  __proto__: "__proto__",
  "255 bytes": "c".repeat(255),
  "256 bytes": "c".repeat(256),
  "3,000 bytes": "c".repeat(3_000),
  "200 KB": "c".repeat(200_000),
  "a number": 404,
  undefined: undefined,
  null: null,
  "an object": { a: 1 },
};

/** What handlers throw that is no task error. */
export const THROWN: Readonly<Record<string, () => unknown>> = {
  "an error": () => new Error("on purpose"),
  "a TypeError": () => new TypeError("on purpose"),
  "an error with a code": () => Object.assign(new Error("on purpose"), { code: "sold_out" }),
  text: () => "on purpose",
  undefined: () => undefined,
  null: () => null,
  "an object": () => ({ code: "sold_out", message: "on purpose" }),
  "an object without text": () => ({ toString: null }),
  "an object without a prototype": () => Object.create(null) as unknown,
  "an error whose message throws": () =>
    Object.defineProperty(new Error("x"), "message", {
      get() {
        throw new Error("no message");
      },
    }),
  "an abort": () => new DOMException("on purpose", "AbortError"),
};

function nested(depth: number): unknown {
  let value: unknown = 1;
  for (let level = 0; level < depth; level++) value = [value];
  return value;
}
