import { AMQPClient } from "@cloudamqp/amqp-client";

import { brokerURL } from "../support/broker.ts";

// Frames by hand, for messages that no client library lets its user send. Layouts: AMQP 0-9-1, section 4.2.

const METHOD = 1;
const HEADER = 2;
const BODY = 3;

/** Properties, given as the bytes of their values in the order of the specification. */
export interface RawProperties {
  readonly headers?: Uint8Array | undefined;
  readonly correlationId?: Uint8Array | undefined;
  readonly replyTo?: Uint8Array | undefined;
}

/** Publishes one message to a queue, on a connection of its own. Resolves when the broker has taken it. */
export async function publishRaw(
  route: string,
  { headers, correlationId, replyTo }: RawProperties,
  body: Uint8Array,
): Promise<void> {
  const client = new AMQPClient(`${brokerURL}?frameMax=131072`);
  await client.connect();
  const channel = await client.channel();
  const flags = (headers ? 0x2000 : 0) | (correlationId ? 0x0400 : 0) | (replyTo ? 0x0200 : 0);
  const values = [
    ...(headers ? [uint32(headers.length), headers] : []),
    ...(correlationId ? [shortString(correlationId)] : []),
    ...(replyTo ? [shortString(replyTo)] : []),
  ];
  const method = [
    uint16(60),
    uint16(40),
    uint16(0),
    shortString(new Uint8Array()),
    shortString(bytes(route)),
    [0],
  ];
  const header = [uint16(60), uint16(0), uint32(0), uint32(body.length), uint16(flags), ...values];
  await client.send(
    Buffer.concat([
      frame(METHOD, channel.id, method),
      frame(HEADER, channel.id, header),
      frame(BODY, channel.id, [body]),
    ]),
  );
  // The broker answers this after it has routed the message.
  await channel.close();
  await client.close();
}

export function bytes(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

/** A table of one field, whose value is arrays within arrays: 5 bytes for each. */
export function nestedArrays(key: string, depth: number): Uint8Array {
  const value = Buffer.alloc(depth * 5);
  for (let level = 0; level < depth; level++) {
    value.write("A", level * 5);
    value.writeUInt32BE((depth - level - 1) * 5, level * 5 + 1);
  }
  return Buffer.concat([shortString(bytes(key)), value]);
}

function frame(
  type: number,
  channel: number,
  parts: readonly (Uint8Array | readonly number[])[],
): Uint8Array {
  const payload = Buffer.concat(parts.map((part) => Uint8Array.from(part)));
  return Buffer.concat([
    Buffer.from([type]),
    uint16(channel),
    uint32(payload.length),
    payload,
    Buffer.from([0xce]),
  ]);
}

function shortString(value: Uint8Array): Uint8Array {
  return Buffer.concat([Buffer.from([value.length]), value]);
}

function uint16(value: number): Uint8Array {
  const buffer = Buffer.alloc(2);
  buffer.writeUInt16BE(value);
  return buffer;
}

function uint32(value: number): Uint8Array {
  const buffer = Buffer.alloc(4);
  buffer.writeUInt32BE(value);
  return buffer;
}
