import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { AMQPView } from "@cloudamqp/amqp-client/amqp-view";
import fc from "fast-check";

import {
  ACK_SIZE,
  FrameWriter,
  publishSize,
} from "../../../src/transport/amqp/frames/frame_writer.ts";

interface Frame {
  readonly type: number;
  readonly channel: number;
  readonly view: AMQPView;
}

/** Takes frames apart, and checks that they follow one another without a gap. */
function readFrames({ bytes, position }: FrameWriter): Frame[] {
  const frames: Frame[] = [];
  const view = new DataView(bytes.buffer);
  for (let at = 0; at < position;) {
    const size = view.getUint32(at + 3);
    assert.equal(view.getUint8(at + 7 + size), 0xce, "a frame ends with its mark");
    frames.push({
      type: view.getUint8(at),
      channel: view.getUint16(at + 1),
      view: new AMQPView(bytes.buffer, at + 7, size),
    });
    at += size + 8;
  }
  return frames;
}

const shortText = fc.string({ unit: "binary", maxLength: 60 });
const properties = fc.record(
  {
    contentType: shortText,
    correlationId: shortText,
    replyTo: shortText,
    expiration: fc.nat().map(String),
    timestamp: fc.nat(2 ** 40),
    type: shortText,
    appId: shortText,
    headers: fc.dictionary(
      fc.string({ minLength: 1, maxLength: 40 }).filter((key) => key !== "__proto__"),
      fc.oneof(
        fc.string({ unit: "binary" }),
        fc.boolean(),
        fc.maxSafeInteger(),
        fc.double({ noNaN: true, noDefaultInfinity: true }).filter((n) => !Object.is(n, -0)),
      ),
      { noNullPrototype: true },
    ),
  },
  { requiredKeys: [], noNullPrototype: true },
);

describe("FrameWriter", () => {
  it("publish() writes what the client library reads back, within the size foretold", () => {
    fc.assert(
      fc.property(
        shortText,
        fc.boolean(),
        properties,
        fc.oneof(
          fc.string({ unit: "binary", maxLength: 300 }),
          fc.string({ minLength: 990, maxLength: 1_100 }),
          fc.string({ unit: "binary", minLength: 5_000, maxLength: 6_000 }),
        ),
        fc.oneof(fc.integer({ min: 50, max: 400 }), fc.integer({ min: 1_500, max: 2_000 })),
        (routingKey, mandatory, given, body, frameMax) => {
          const publish = { routingKey, mandatory, properties: given };
          const size = publishSize(publish, body, frameMax);
          const writer = new FrameWriter(size);
          try {
            writer.publish(7, publish, body, frameMax);
          } catch (error) {
            // Properties fit in one frame or are refused; then nothing is written.
            assert.ok(error instanceof RangeError && frameMax < 1_500, String(error));
            assert.equal(writer.position, 0);
            return;
          }
          assert.ok(writer.position <= size, `${writer.position} of ${size} bytes`);

          const [method, header, ...bodies] = readFrames(writer);
          assert.ok(method && header);
          assert.deepEqual(
            [method.type, method.channel, method.view.getUint16(0), method.view.getUint16(2)],
            [1, 7, 60, 40],
          );
          const [exchange, exchangeLength] = method.view.getShortString(6);
          const [key, keyLength] = method.view.getShortString(6 + exchangeLength);
          assert.deepEqual([exchange, key], ["", routingKey]);
          assert.equal(method.view.getUint8(6 + exchangeLength + keyLength), mandatory ? 1 : 0);
          const bytes = new TextEncoder().encode(body);
          assert.deepEqual([header.type, header.view.getUint64(4)], [2, bytes.length]);
          const [read] = header.view.getProperties(12);
          const { timestamp, ...others } = given;
          assert.deepEqual(read, {
            ...others,
            ...(timestamp !== undefined && { timestamp: new Date(timestamp * 1_000) }),
          });
          const parts = bodies.map(({ type, view }) => {
            assert.equal(type, 3);
            assert.ok(view.byteLength + 8 <= frameMax);
            return [...new Uint8Array(view.buffer, view.byteOffset, view.byteLength)];
          });
          assert.deepEqual(parts.flat(), [...bytes]);
        },
      ),
    );
  });

  it("ack() and requeue() write the delivery tag whole", () => {
    for (const tag of [1, 2 ** 32 - 1, 2 ** 32 + 5, Number.MAX_SAFE_INTEGER]) {
      const writer = new FrameWriter(2 * ACK_SIZE);
      writer.ack(3, tag);
      writer.requeue(65_535, tag);
      assert.equal(writer.position, 2 * ACK_SIZE);
      const [ack, nack] = readFrames(writer);
      assert.deepEqual(
        [ack?.channel, ack?.view.getUint16(2), ack?.view.getUint64(4), ack?.view.getUint8(12)],
        [3, 80, tag, 0],
      );
      assert.deepEqual(
        [nack?.channel, nack?.view.getUint16(2), nack?.view.getUint64(4), nack?.view.getUint8(12)],
        [65_535, 120, tag, 2],
      );
    }
  });
});
