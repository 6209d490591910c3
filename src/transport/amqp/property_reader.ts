/**
 * Reads a message's properties in the client library's place. A caller writes them as it likes, and what that library
 * cannot read, e.g. a field type it does not know or tables nested ten thousand deep, would end the connection again and
 * again, as the broker delivers the message anew. Headers are left as bytes until somebody asks for them, which for most
 * messages nobody does.
 */
import type { AMQPProperties, Field } from "@cloudamqp/amqp-client";
import { AMQPView } from "@cloudamqp/amqp-client/amqp-view";

/** Properties as a message carries them. */
export interface LazyProperties extends AMQPProperties {
  /** The headers, not read yet: see {@link readHeaders}. */
  headerBytes?: Uint8Array;
  /** The correlation id as it came, when it is no text; a reply has to carry the same bytes. */
  correlationIdBytes?: Uint8Array;
}

const NO_HEADERS: Readonly<Record<string, unknown>> = Object.freeze({});

/**
 * Reads the properties of the header frame that `view` holds, in place of `AMQPView.getProperties`.
 *
 * @returns what could be read, and how many bytes there are up to the frame's end
 */
export function readProperties(
  view: AMQPView,
  byteOffset: number,
): [properties: AMQPProperties, length: number] {
  const properties: LazyProperties = {};
  try {
    readInto(properties, view, byteOffset);
  } catch {
    // What was read before stays: enough to answer with, if it names a reply queue.
  }
  // The frame's last byte is its end mark.
  return [properties, view.byteLength - 1 - byteOffset];
}

/** The headers of a message; none when they cannot be read. */
export function readHeaders({ headerBytes }: LazyProperties): Readonly<Record<string, unknown>> {
  if (!headerBytes) return NO_HEADERS;
  try {
    return new HeaderView(headerBytes.buffer, headerBytes.byteOffset).getTable(0)[0];
  } catch {
    return NO_HEADERS;
  }
}

/** A view whose tables keep their names: assigned to a plain object, "__proto__" would give it another prototype. */
class HeaderView extends AMQPView {
  override getTable(byteOffset: number): [table: Record<string, Field>, length: number] {
    const end = byteOffset + 4 + this.getUint32(byteOffset);
    const entries: [name: string, value: Field][] = [];
    for (let at = byteOffset + 4; at < end;) {
      const [name, nameLength] = this.getShortString(at);
      const [value, valueLength] = this.getField(at + nameLength);
      entries.push([name, value]);
      at += nameLength + valueLength;
    }
    return [Object.fromEntries(entries), end - byteOffset];
  }
}

// The order and the bits are those of the AMQP 0-9-1 specification, class basic.
function readInto(properties: LazyProperties, view: AMQPView, byteOffset: number): void {
  const flags = view.getUint16(byteOffset);
  let at = byteOffset + 2;
  const shortBytes = (): Uint8Array => {
    const length = view.getUint8(at);
    const bytes = new Uint8Array(view.buffer, view.byteOffset + at + 1, length);
    at += length + 1;
    return bytes;
  };
  const shortString = (): string => readText(shortBytes());
  if (flags & 0x8000) properties.contentType = shortString();
  if (flags & 0x4000) properties.contentEncoding = shortString();
  if (flags & 0x2000) {
    const length = view.getUint32(at) + 4;
    // A copy: the library's buffer holds other frames soon.
    properties.headerBytes = new Uint8Array(view.buffer, view.byteOffset + at, length).slice();
    at += length;
  }
  if (flags & 0x1000) at += 1; // delivery mode
  if (flags & 0x0800) at += 1; // priority
  if (flags & 0x0400) {
    const bytes = shortBytes();
    properties.correlationId = readText(bytes);
    if (properties.correlationId.includes("\ufffd")) properties.correlationIdBytes = bytes.slice();
  }
  if (flags & 0x0200) properties.replyTo = shortString();
  if (flags & 0x0100) properties.expiration = shortString();
  if (flags & 0x0080) shortString(); // message id
  if (flags & 0x0040) properties.timestamp = new Date(view.getInt64(at) * 1_000);
}

const decoder = new TextDecoder();

function readText(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) {
    if (byte > 0x7f) return decoder.decode(bytes);
    text += String.fromCharCode(byte);
  }
  return text;
}
