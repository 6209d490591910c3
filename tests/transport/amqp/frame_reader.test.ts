import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { describe, it } from "node:test";

import fc from "fast-check";

import type { FrameLimits, SentTo } from "../../../src/transport/amqp/frames/frame_reader.ts";
import { FrameReader } from "../../../src/transport/amqp/frames/frame_reader.ts";
import { FrameWriter } from "../../../src/transport/amqp/frames/frame_writer.ts";
import type { IncomingMessage } from "../../../src/transport/amqp/frames/incoming_message.ts";

interface Seen {
  readonly deliveries: {
    readonly channel: number;
    readonly message: IncomingMessage;
    readonly to: SentTo | undefined;
  }[];
  readonly returns: { readonly channel: number; readonly message: IncomingMessage }[];
  readonly others: Buffer[];
}

/** Reads chunks and says what came of them. */
function readAll(
  chunks: readonly Buffer[],
  limits: FrameLimits = { frameMax: 131_072, maxBody: 2 ** 24 },
): Seen {
  const seen: Seen = { deliveries: [], returns: [], others: [] };
  const reader = new FrameReader(limits, {
    onDelivery: (channel, message, to) => void seen.deliveries.push({ channel, message, to }),
    onReturn: (channel, message) => void seen.returns.push({ channel, message }),
    onOtherFrame: (frame) => void seen.others.push(Buffer.from(frame)),
  });
  for (const chunk of chunks) reader.read(chunk, 0);
  return seen;
}

function frame(type: number, channel: number, content: Uint8Array): Buffer {
  const bytes = Buffer.alloc(content.length + 8, content.length === 0 ? 0 : undefined);
  bytes.writeUInt8(type, 0);
  bytes.writeUInt16BE(channel, 1);
  bytes.writeUInt32BE(content.length, 3);
  bytes.set(content, 7);
  bytes.writeUInt8(0xce, content.length + 7);
  return bytes;
}

function shortString(text: string): Buffer {
  const bytes = Buffer.from(text);
  return Buffer.concat([Buffer.from([bytes.length]), bytes]);
}

function deliver(
  channel: number,
  deliveryTag: number,
  redelivered: boolean,
  { exchange, key }: SentTo = { exchange: "", key: "route" },
): Buffer {
  const tag = Buffer.alloc(9);
  tag.writeBigUInt64BE(BigInt(deliveryTag), 0);
  tag.writeUInt8(redelivered ? 1 : 0, 8);
  const parts = [
    Buffer.from([0, 60, 0, 60]),
    shortString("ctag"),
    tag,
    shortString(exchange),
    shortString(key),
  ];
  return frame(1, channel, Buffer.concat(parts));
}

function returned(channel: number): Buffer {
  const parts = [
    Buffer.from([0, 60, 0, 50, 1, 56]),
    shortString("NO_ROUTE"),
    shortString(""),
    shortString("x"),
  ];
  return frame(1, channel, Buffer.concat(parts));
}

/** The header and the body of a message, as our own writer makes them. */
function content(channel: number, properties: object, body: string, frameMax: number): Buffer {
  const writer = new FrameWriter(40_000);
  writer.publish(channel, { routingKey: "x", mandatory: false, properties }, body, frameMax);
  const bytes = Buffer.from(writer.bytes.subarray(0, writer.position));
  return bytes.subarray(bytes.readUInt32BE(3) + 8);
}

function header(channel: number, bodyLength: number, properties: Uint8Array): Buffer {
  const start = Buffer.alloc(12);
  start.writeUInt16BE(60, 0);
  start.writeBigUInt64BE(BigInt(bodyLength), 4);
  return frame(2, channel, Buffer.concat([start, properties]));
}

/** The same bytes, cut anywhere. */
function cut(bytes: Buffer, places: readonly number[]): Buffer[] {
  const ends = [...new Set([...places.map((place) => place % bytes.length), bytes.length])];
  let from = 0;
  return ends
    .sort((a, b) => a - b)
    .map((end) => bytes.subarray(from, (from = end)))
    .filter((chunk) => chunk.length > 0);
}

/** Records as object literals are. */
const PLAIN = { noNullPrototype: true } as const;
const text = fc.string({ unit: "binary", maxLength: 60 });
const message = fc.record(
  {
    channel: fc.integer({ min: 1, max: 3 }),
    deliveryTag: fc.maxSafeInteger().map(Math.abs),
    redelivered: fc.boolean(),
    properties: fc.record(
      {
        contentType: text,
        correlationId: text,
        replyTo: text,
        expiration: text,
      },
      PLAIN,
    ),
    body: fc.oneof(
      fc.string({ unit: "binary", maxLength: 300 }),
      fc.string({ unit: "binary", minLength: 3_000, maxLength: 4_000 }),
    ),
  },
  PLAIN,
);

describe("FrameReader", () => {
  it("reads messages back, wherever their bytes are cut", () => {
    fc.assert(
      fc.property(
        fc.array(message, { minLength: 1, maxLength: 6 }),
        fc.integer({ min: 1_000, max: 1_400 }),
        fc.array(fc.nat(100_000), { maxLength: 20 }),
        (messages, frameMax, places) => {
          const bytes = Buffer.concat(
            messages.flatMap(({ channel, deliveryTag, redelivered, properties, body }) => [
              deliver(channel, deliveryTag, redelivered),
              content(channel, properties, body, frameMax),
            ]),
          );
          const seen = readAll(cut(bytes, places));
          assert.deepEqual(seen.others, []);
          const read = seen.deliveries.map(({ channel, message: m }) => ({
            channel,
            deliveryTag: m.deliveryTag,
            redelivered: m.redelivered,
            properties: {
              contentType: m.contentType,
              correlationId: m.correlationId,
              replyTo: m.replyTo,
              expiration: m.expiration,
            },
            body: m.readText(),
          }));
          assert.deepEqual(read, messages);
        },
      ),
    );
  });

  it("refuses a frame longer than agreed on as soon as its length is known, wherever it is cut", () => {
    const long = frame(1, 0, Buffer.alloc(9_000)).subarray(0, 40);
    for (const length of [3, 7, 20])
      assert.throws(
        () => readAll(cut(long, [length]), { frameMax: 8_192, maxBody: 100 }),
        /a frame of 9008 bytes, where at most 8192 were agreed on/,
      );
  });

  it("tells the length of a body over the limit and keeps nothing of it", () => {
    const bytes = Buffer.concat([deliver(1, 1, false), content(1, {}, "x".repeat(5_000), 1_000)]);
    const { deliveries } = readAll(cut(bytes, [100, 900, 3_000]), {
      frameMax: 1_000,
      maxBody: 4_999,
    });
    assert.deepEqual(
      deliveries.map(({ message: m }) => [m.byteLength, m.isLongerThan(4_999), m.readText()]),
      [[5_000, true, ""]],
    );
  });

  it("refuses a body that is longer than its header says", () => {
    const bytes = content(1, {}, "x".repeat(1_500), 1_000);
    // The low half of the body's length in the header frame.
    bytes.writeUInt32BE(1_400, 7 + 8);
    assert.throws(() => readAll([deliver(1, 1, false), bytes]), /longer body than was announced/);
  });

  it("keeps messages of several channels apart whose frames take turns", () => {
    const first = content(1, { correlationId: "a" }, "x".repeat(100), 60);
    const second = content(2, { correlationId: "b" }, "y".repeat(50), 60);
    const headerLength = (bytes: Buffer): number => bytes.readUInt32BE(3) + 8;
    const seen = readAll([
      deliver(1, 1, false),
      first.subarray(0, headerLength(first) + 60),
      deliver(2, 2, false),
      second,
      first.subarray(headerLength(first) + 60),
    ]);
    assert.deepEqual(
      seen.deliveries.map(({ message: m }) => [m.correlationId, m.readText()]),
      [
        ["b", "y".repeat(50)],
        ["a", "x".repeat(100)],
      ],
    );
  });

  it("hands on what was returned, and every frame that carries no message", () => {
    const heartbeat = frame(8, 0, new Uint8Array());
    const qosOk = frame(1, 4, Buffer.from([0, 60, 0, 11]));
    const sent = content(5, { correlationId: "lost" }, "1", 4_096);
    const seen = readAll([Buffer.concat([heartbeat, returned(5), sent, qosOk])]);
    assert.deepEqual(seen.others, [heartbeat, qosOk]);
    assert.deepEqual(
      seen.returns.map(({ channel, message: m }) => [channel, m.correlationId]),
      [[5, "lost"]],
    );
  });

  it("tells where deliveries were sent to those who ask, wherever their bytes are cut", () => {
    const lost = { exchange: "bgtasks.v1.lost", key: "0.1.queue" };
    const dead = { exchange: "", key: "dead" };
    const bytes = Buffer.concat([
      deliver(2, 7, true, lost),
      deliver(1, 1, false, dead),
      content(1, { messageId: "short" }, "1", 1_000),
      content(2, { messageId: "long" }, "x".repeat(2_500), 1_000),
    ]);
    const limits = { frameMax: 131_072, maxBody: 2 ** 24 };
    for (const step of [1, 13, bytes.length]) {
      const places = Array.from({ length: bytes.length / step }, (_, index) => index * step);
      const seen = readAll(cut(bytes, places), { ...limits, readsTargets: true });
      assert.deepEqual(
        seen.deliveries.map(({ channel, message: m, to }) => [channel, m.deliveryTag, m.id, to]),
        [
          [1, 1, "short", dead],
          [2, 7, "long", lost],
        ],
      );
      assert.deepEqual(
        readAll(cut(bytes, places), limits).deliveries.map(({ to }) => to),
        [undefined, undefined],
      );
    }
  });

  it("refuses names that are longer than the frame they are in", () => {
    const whole = deliver(1, 1, false, { exchange: "exchange", key: "key" });
    const limits = { frameMax: 131_072, maxBody: 2 ** 24, readsTargets: true };
    for (const [at, length] of [
      [25, 200],
      [34, 9],
      [34, 255],
    ] as const) {
      const bytes = Buffer.from(whole);
      bytes[at] = length;
      assert.throws(
        () => readAll([bytes], limits),
        /names that are longer than their frame/,
        `${at}`,
      );
    }
  });

  it("takes any bytes for properties, and goes on with the next message", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (properties) => {
        const good = content(1, { correlationId: "good" }, "2", 4_096);
        const seen = readAll([
          deliver(1, 1, false),
          header(1, 0, properties),
          deliver(1, 2, false),
          good,
        ]);
        assert.equal(seen.deliveries.length, 2);
        for (const { message: m } of seen.deliveries) assert.ok(m.headers);
        assert.equal(seen.deliveries[1]?.message.correlationId, "good");
      }),
      { numRuns: 500 },
    );
  });

  it("keeps the bytes of a correlation id that is no text", () => {
    const id = Buffer.from([0xff, 0x00, 0x80]);
    const properties = Buffer.concat([Buffer.from([0x04, 0x00, id.length]), id]);
    const [delivery] = readAll([deliver(1, 1, false), header(1, 0, properties)]).deliveries;
    assert.deepEqual([...(delivery?.message.correlationIdBytes ?? [])], [...id]);
  });

  it("refuses bytes that are no frames", () => {
    const broken = deliver(1, 1, false);
    broken[broken.length - 1] = 0;
    assert.throws(() => readAll([broken]), /end mark/);
    assert.throws(() => readAll([frame(3, 1, Buffer.from("x"))]), /body before/);
    assert.throws(() => readAll([header(1, 1, Buffer.from([0, 0]))]), /header before/);
  });
});

describe("IncomingMessage", () => {
  for (const [what, bytes, expected] of [
    ["text", Buffer.from('"ä€😀"'), '"ä€😀"'],
    ["U+FFFD itself", Buffer.from('"\ufffd"'), '"\ufffd"'],
    ["a byte order mark", Buffer.from("\ufeff1"), "1"],
    ["no UTF-8", Buffer.from([0x22, 0xff, 0x22]), undefined],
    ["nothing", Buffer.alloc(0), ""],
  ] as const) {
    it(`readText() of ${what}`, () => {
      const parts = [deliver(1, 1, false), header(1, bytes.length, Buffer.from([0, 0]))];
      if (bytes.length > 0) parts.push(frame(3, 1, bytes));
      assert.equal(readAll(parts).deliveries[0]?.message.readText(), expected);
    });
  }
});
