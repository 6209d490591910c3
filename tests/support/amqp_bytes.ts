// AMQP 0-9-1 by hand, for what no client library lets its user send. Layouts: sections 2.3 and 4.2.

export const METHOD = 1;
export const HEADER = 2;
export const BODY = 3;
export const HEARTBEAT = 8;

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
  return Buffer.concat([
    frame(METHOD, channel, [...method, Buffer.of(0)]),
    contentFrames(channel, properties, body),
  ]);
}

/** The header and the body of a message, which follow its method. */
export function contentFrames(
  channel: number,
  properties: readonly (Uint8Array | undefined)[],
  body: Uint8Array,
  maxPayload: number = MAX_PAYLOAD,
): Uint8Array {
  const frames = [headerFrame(channel, properties, body.length)];
  for (let at = 0; at < body.length; at += maxPayload)
    frames.push(frame(BODY, channel, [body.subarray(at, at + maxPayload)]));
  return Buffer.concat(frames);
}

export function headerFrame(
  channel: number,
  properties: readonly (Uint8Array | undefined)[],
  bodyLength: number | bigint,
): Uint8Array {
  let flags = 0;
  for (const [i, value] of properties.entries()) if (value) flags |= 1 << (15 - i);
  return frame(HEADER, channel, [
    ...[uint(16, 60), uint(16, 0), uint(64, bodyLength), uint(16, flags)],
    ...properties.filter((value) => value !== undefined),
  ]);
}

export function methodFrame(
  channel: number,
  [classId, methodId]: readonly [classId: number, methodId: number],
  ...args: readonly Uint8Array[]
): Uint8Array {
  return frame(METHOD, channel, [uint(16, classId), uint(16, methodId), ...args]);
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

export function frame(type: number, channel: number, parts: readonly Uint8Array[]): Uint8Array {
  const payload = Buffer.concat(parts);
  return Buffer.concat([
    Buffer.of(type),
    uint(16, channel),
    uint(32, payload.length),
    payload,
    Buffer.of(0xce),
  ]);
}
