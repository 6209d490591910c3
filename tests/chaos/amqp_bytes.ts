// AMQP 0-9-1 by hand, for messages that no client library lets its user send. Layouts: sections 2.3 and 4.2.

const METHOD = 1;
const HEADER = 2;
const BODY = 3;

/** The payload of a frame is at most this long. */
const MAX_PAYLOAD = 100_000;

/** A message in bytes. */
export interface RawMessage {
  readonly route: string;
  /** Values of the properties, in the order of the specification; `undefined` for those that are absent. */
  readonly properties: readonly (Uint8Array | undefined)[];
  readonly body: Uint8Array;
}

/** The frames that publish a message to the default exchange. */
export function publishFrames(
  channel: number,
  { route, properties, body }: RawMessage,
): Uint8Array {
  const method = [uint(16, 60), uint(16, 40), uint(16, 0), shortString(""), shortString(route)];
  let flags = 0;
  for (const [i, value] of properties.entries()) if (value) flags |= 1 << (15 - i);
  const header = [
    ...[uint(16, 60), uint(16, 0), uint(64, body.length), uint(16, flags)],
    ...properties.filter((value) => value !== undefined),
  ];
  const frames = [
    frame(METHOD, channel, [...method, Buffer.of(0)]),
    frame(HEADER, channel, header),
  ];
  for (let at = 0; at < body.length; at += MAX_PAYLOAD)
    frames.push(frame(BODY, channel, [body.subarray(at, at + MAX_PAYLOAD)]));
  return Buffer.concat(frames);
}

export function shortString(value: string | Uint8Array): Uint8Array {
  const bytes = Buffer.from(value as Uint8Array).subarray(0, 255);
  return Buffer.concat([Buffer.of(bytes.length), bytes]);
}

export function longString(value: string | Uint8Array): Uint8Array {
  const bytes = Buffer.from(value as Uint8Array);
  return Buffer.concat([uint(32, bytes.length), bytes]);
}

export function uint(bits: 8 | 16 | 32 | 64, value: number | bigint): Uint8Array {
  const buffer = Buffer.alloc(8);
  buffer.writeBigUInt64BE(BigInt.asUintN(bits, BigInt(value)));
  return buffer.subarray(8 - bits / 8);
}

/** A table of fields that are bytes already, their type first. */
export function table(fields: readonly (readonly [name: string, field: Uint8Array])[]): Uint8Array {
  return longString(
    Buffer.concat(fields.map(([name, field]) => Buffer.concat([shortString(name), field]))),
  );
}

export function typed(type: string, value: Uint8Array): Uint8Array {
  return Buffer.concat([Buffer.from(type), value]);
}

function frame(type: number, channel: number, parts: readonly Uint8Array[]): Uint8Array {
  const payload = Buffer.concat(parts);
  return Buffer.concat([
    Buffer.of(type),
    uint(16, channel),
    uint(32, payload.length),
    payload,
    Buffer.of(0xce),
  ]);
}
