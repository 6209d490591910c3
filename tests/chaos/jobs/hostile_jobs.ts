import fc from "fast-check";

import type { RawMessage } from "../../support/amqp_bytes.ts";
import { longString, table, typed, uint } from "../../support/amqp_bytes.ts";
import { hostileMessages } from "../hostile_messages.ts";

/** Where the headers are among the properties of a message. */
const HEADERS = 2;

const NAMES = [
  ...["bgtasks-attempt", "bgtasks-first-at", "bgtasks-last-error", "bgtasks-delay-left"],
  ...["bgtasks-expires-at", "bgtasks-dead", "bgtasks-dead-at", "bgtasks-stack"],
  ...["x-death", "x-delivery-count", "x-first-death-queue", "tenant"],
];

/** Messages for queues of jobs from somebody who means no good: a part of them with forged headers of ours. */
export function hostileJobs(queues: readonly string[]): fc.Arbitrary<RawMessage> {
  const forged = fc.oneof(
    { weight: 20, arbitrary: fc.array(fc.tuple(fc.constantFrom(...NAMES), forgedField())) },
    { weight: 1, arbitrary: hugeField().map((field) => [["huge", field] as const]) },
  );
  const own = fc.option(forged.map(table), { nil: undefined, freq: 2 });
  return fc
    .tuple(hostileMessages({ routes: queues, victims: ["victim"] }), own)
    .map(([message, headers]) => ({
      ...message,
      properties: withHeaders(message.properties, headers),
    }));
}

function withHeaders(
  properties: RawMessage["properties"],
  headers: Uint8Array | undefined,
): RawMessage["properties"] {
  return properties.map((value, index) => (index === HEADERS ? headers : value));
}

/** Without NaN and infinity: with them among the headers RabbitMQ ended the connection of the sender (541). */
function forgedField(): fc.Arbitrary<Uint8Array> {
  return fc.oneof(
    fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }).map((n) => typed("I", uint(32, n))),
    fc.constantFrom(1, 2, 3, 64, 1_000).map((n) => typed("I", uint(32, n))),
    fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map((n) => typed("l", uint(64, n))),
    fc.double({ noNaN: true, noDefaultInfinity: true }).map((n) => typed("d", double(n))),
    fc.uint8Array({ maxLength: 3_000 }).map((bytes) => typed("S", longString(bytes))),
    fc
      .constantFrom("2", "Infinity", '{"name":"E","message":"m"}', '{"name":1}', "attempts", "done")
      .map((text) => typed("S", longString(text))),
    fc.uint8Array({ maxLength: 300 }).map((bytes) => typed("x", longString(bytes))),
    fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }).map((n) => typed("T", uint(64, n))),
    fc.boolean().map((value) => typed("t", uint(8, Number(value)))),
    fc.constant(typed("V", new Uint8Array())),
    fc.constant(typed("A", longString(typed("F", table([["queue", typed("t", uint(8, 1))]]))))),
  );
}

/** Nearly as long as a frame can be. */
function hugeField(): fc.Arbitrary<Uint8Array> {
  return fc
    .integer({ min: 60_000, max: 120_000 })
    .map((length) => typed("S", longString(Buffer.alloc(length, "x"))));
}

function double(value: number): Uint8Array {
  const buffer = Buffer.alloc(8);
  buffer.writeDoubleBE(value);
  return buffer;
}
