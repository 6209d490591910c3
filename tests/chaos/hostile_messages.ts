import fc from "fast-check";

import type { RawMessage } from "../support/amqp_bytes.ts";
import { longString, shortString, table, typed, uint } from "../support/amqp_bytes.ts";

export interface HostileTargets {
  readonly routes: readonly string[];
  /** Queues of others, which a hostile caller names for its replies. */
  readonly victims: readonly string[];
}

/**
 * Messages as nobody sends them who means well, though of a form that the broker takes: it ends the connection of
 * whoever breaks the protocol itself, before a worker sees anything.
 */
export function hostileMessages({ routes, victims }: HostileTargets): fc.Arbitrary<RawMessage> {
  return fc.record({
    route: fc.constantFrom(...routes),
    properties: properties(victims),
    body: body(),
  });
}

function body(): fc.Arbitrary<Uint8Array> {
  const text = fc.oneof(
    fc.json({ maxDepth: 5 }),
    fc.json().map((json) => json.slice(0, -1)),
    fc.constantFrom('"alive"', "", "null", "NaN", "\ufeff{}", "{}{}", '{"a":1,"a":2}', "1e999"),
    fc.constantFrom('{"__proto__":{"a":1}}', '{"constructor":{"prototype":{"a":1}}}', '"\\ud800"'),
    fc.integer({ min: 1, max: 5_000 }).map((depth) => "[".repeat(depth) + "]".repeat(depth)),
    fc.integer({ min: 1, max: 5_000 }).map((depth) => '{"a":'.repeat(depth)),
  );
  return fc.oneof(
    { weight: 40, arbitrary: text.map((value) => Buffer.from(value)) },
    { weight: 40, arbitrary: fc.uint8Array({ maxLength: 300 }) },
    {
      weight: 1,
      arbitrary: fc
        .integer({ min: 50_000, max: 200_000 })
        .map((size) => Buffer.from(JSON.stringify("x".repeat(size)))),
    },
  );
}

function properties(victims: readonly string[]): fc.Arbitrary<(Uint8Array | undefined)[]> {
  const bytes = fc.uint8Array({ maxLength: 255 });
  const anyShort = bytes.map(shortString);
  const oftenNone = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> =>
    fc.option(arbitrary, { nil: undefined, freq: 1 });
  const short = (...texts: readonly string[]): fc.Arbitrary<Uint8Array> =>
    fc.oneof(fc.constantFrom(...texts).map(shortString), anyShort);
  return fc.tuple(
    oftenNone(short("application/json", "application/json", "text/html", "application/x.json")),
    oftenNone(short("utf-8", "utf-8", "gzip", "br")),
    oftenNone(headers()),
    oftenNone(fc.constantFrom(uint(8, 1), uint(8, 2))),
    oftenNone(fc.nat({ max: 255 }).map((priority) => uint(8, priority))),
    oftenNone(anyShort),
    fc.option(replyTo(victims), { nil: undefined, freq: 6 }),
    // The broker itself refuses what is no number.
    oftenNone(fc.constantFrom("60000", "4294967295", "007000", "20000").map(shortString)),
    oftenNone(anyShort),
    oftenNone(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }).map((time) => uint(64, time))),
    oftenNone(anyShort),
    // A user id must be the connection's.
    fc.constantFrom(undefined, shortString("guest")),
    oftenNone(anyShort),
    oftenNone(anyShort),
  );
}

function replyTo(victims: readonly string[]): fc.Arbitrary<Uint8Array> {
  const base64 = fc.base64String({ maxLength: 100 });
  const forged = fc.oneof(
    fc.tuple(base64, base64).map(([pid, key]) => `${pid}.${key}`),
    base64,
    // A process that the broker never had, in the right form.
    fc
      .tuple(fc.integer({ min: 0, max: 2 ** 20 }), fc.constantFrom("no@where", "rabbit@localhost"))
      .map(([id, node]) => `${processId(id, node).toString("base64")}.AAAA`),
  );
  return fc.oneof(
    { weight: 4, arbitrary: fc.constantFrom(...victims).map(shortString) },
    { weight: 4, arbitrary: fc.constant(shortString("amq.rabbitmq.reply-to")) },
    {
      weight: 1,
      arbitrary: forged.map((suffix) => shortString(`amq.rabbitmq.reply-to.${suffix}`)),
    },
    { weight: 1, arbitrary: base64.map((name) => shortString(`amq.gen-${name}`)) },
    { weight: 3, arbitrary: fc.uint8Array({ maxLength: 255 }).map(shortString) },
  );
}

/** https://www.erlang.org/doc/apps/erts/erl_ext_dist.html: NEW_PID_EXT. */
function processId(id: number, node: string): Buffer {
  return Buffer.concat([
    Buffer.of(131, 88, 119, node.length),
    Buffer.from(node),
    uint(32, id),
    uint(32, 0),
    uint(32, 1),
  ]);
}

function headers(): fc.Arbitrary<Uint8Array> {
  const { fields } = fc.letrec<{ field: Uint8Array; fields: Uint8Array }>((tie) => ({
    field: fc.oneof(
      { depthSize: "small" },
      fc.boolean().map((value) => typed("t", uint(8, Number(value)))),
      ...(["b", "B"] as const).map((type) =>
        fc.nat({ max: 255 }).map((n) => typed(type, uint(8, n))),
      ),
      ...(["s", "u"] as const).map((type) =>
        fc.nat({ max: 65_535 }).map((n) => typed(type, uint(16, n))),
      ),
      ...(["I", "i"] as const).map((type) =>
        fc.nat({ max: 2 ** 31 - 1 }).map((n) => typed(type, uint(32, n))),
      ),
      fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map((n) => typed("l", uint(64, n))),
      fc.uint8Array({ minLength: 4, maxLength: 4 }).map((value) => typed("f", value)),
      fc.uint8Array({ minLength: 8, maxLength: 8 }).map((value) => typed("d", value)),
      fc.uint8Array({ minLength: 5, maxLength: 5 }).map((value) => typed("D", value)),
      fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }).map((n) => typed("T", uint(64, n))),
      fc.uint8Array({ maxLength: 300 }).map((value) => typed("S", longString(value))),
      fc.uint8Array({ maxLength: 300 }).map((value) => typed("x", longString(value))),
      fc.constant(typed("V", new Uint8Array())),
      fc
        .array(tie("field"), { maxLength: 4 })
        .map((values) => typed("A", longString(Buffer.concat(values)))),
      tie("fields").map((value) => typed("F", value)),
    ),
    fields: fc
      .array(fc.tuple(fieldName(), tie("field")), { maxLength: 4 })
      .map((entries) => table(entries)),
  }));
  return fields;
}

function fieldName(): fc.Arbitrary<string> {
  return (
    fc
      .oneof(
        fc.string({ maxLength: 60, unit: "binary" }),
        fc.constantFrom("__proto__", "constructor", "bgtasks-error", "x-death", "toString", ""),
      )
      .map((name) => Buffer.from(name).subarray(0, 128).toString())
      .map((name) => (name.length > 60 ? name.slice(0, 40) : name))
      // By these the broker itself, with the caller's rights, sends copies to other queues.
      .filter((name) => name !== "CC" && name !== "BCC")
  );
}
