import {
  BODY,
  HEADER,
  headerFrame,
  methodFrame,
  shortString,
  uint,
} from "../../tests/support/amqp_bytes.ts";
import { METHODS } from "../../tests/support/amqp_methods.ts";
import { FakeBroker } from "../../tests/support/fake_broker.ts";
import { DIRECT_REPLY_TO } from "../../tests/support/fake_link.ts";

/** What stands around the payload of a frame: type, channel and size before it, one byte after it. */
const [BEFORE, AROUND] = [7, 8];

/** Where the flags of the properties, and then the properties, begin in a frame. */
const [FLAGS, PROPERTIES] = [BEFORE + 12, BEFORE + 14];

/** The flags of properties that stand before the correlation id: the content type, and four that requests of a benchmark lack. */
const [CONTENT_TYPE, OTHERS] = [0x8000, 0x7800];

/**
 * A broker for the caller of this process, which replies to each request with its body, and takes as little time for that as it can:
 * all replies to what came at once go out at once, and their bodies are not looked at.
 */
export function openEchoBroker(): Promise<FakeBroker> {
  return FakeBroker.open({
    heartbeat: 0,
    onMethod: ({ name, queue }, link) => {
      if (name === "basic.consume" && queue === DIRECT_REPLY_TO)
        // After the answer has gone out: from then on requests alone come.
        queueMicrotask(() => {
          const consumer = link.consumerOf(queue);
          if (!consumer) throw new Error("Cannot echo without a consumer of replies");
          const echo = new Echo(consumer.channel, consumer.tag);
          link.socket.removeAllListeners("data");
          link.socket.on("data", (chunk: Buffer) => {
            const replies = echo.answer(chunk);
            if (replies.length > 0) link.socket.write(Buffer.concat(replies));
          });
        });
    },
  });
}

/** Turns requests into replies, frame by frame. */
class Echo {
  readonly #channel: number;
  readonly #deliver: Uint8Array;
  /** The header of a reply by the length of its correlation id; all bodies have one length. */
  readonly #headers = new Map<number, Buffer>();
  #rest: Buffer = Buffer.alloc(0);
  #correlationId: Buffer = Buffer.alloc(0);

  constructor(channel: number, tag: string) {
    this.#channel = channel;
    const args = [shortString(tag), uint(64, 1), uint(8, 0), shortString(""), shortString("queue")];
    this.#deliver = methodFrame(channel, METHODS["basic.deliver"], ...args);
  }

  answer(chunk: Buffer): readonly Uint8Array[] {
    const bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    const replies: Uint8Array[] = [];
    let at = 0;
    while (at + AROUND <= bytes.length) {
      const end = at + AROUND + bytes.readUInt32BE(at + 3);
      if (end > bytes.length) break;
      if (bytes[at] === HEADER) this.#correlationId = correlationId(bytes.subarray(at, end));
      else if (bytes[at] === BODY)
        replies.push(this.#deliver, this.#header(end - at - AROUND), bytes.subarray(at, end));
      at = end;
    }
    this.#rest = Buffer.from(bytes.subarray(at));
    return replies;
  }

  #header(bodyLength: number): Uint8Array {
    const id = this.#correlationId;
    let header = this.#headers.get(id.length);
    if (!header) {
      const before = Array.from({ length: 5 }, () => undefined);
      const properties = [...before, shortString(id.toString())];
      header = Buffer.from(headerFrame(this.#channel, properties, bodyLength));
      this.#headers.set(id.length, header);
    }
    const copy = Buffer.from(header);
    id.copy(copy, PROPERTIES + 1);
    return copy;
  }
}

/** In a frame that begins with a header. */
function correlationId(header: Buffer): Buffer {
  const flags = header.readUInt16BE(FLAGS);
  if ((flags & OTHERS) !== 0) throw new Error("Cannot echo a request with headers");
  let at = PROPERTIES;
  if ((flags & CONTENT_TYPE) !== 0) at += 1 + (header[at] ?? 0);
  return header.subarray(at + 1, at + 1 + (header[at] ?? 0));
}
