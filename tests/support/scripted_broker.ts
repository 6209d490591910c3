import net from "node:net";

/** Class and method of what a client says, as one number. */
export const Method = {
  StartOk: 0x000a000b,
  TuneOk: 0x000a001f,
  Open: 0x000a0028,
  Close: 0x000a0032,
  CloseOk: 0x000a0033,
  ChannelOpen: 0x0014000a,
  ChannelClose: 0x00140028,
  QueueDeclare: 0x0032000a,
  Consume: 0x003c0014,
  Publish: 0x003c0028,
} as const;

const CHANNEL = { class: 0x0014, open: 11, close: 40, closeOk: 41 } as const;

/** One request that a client sent. */
export interface FakeRequest {
  readonly channel: number;
  readonly route: string;
  readonly correlationId: string;
}

/** What a fake broker does in place of what a broker would. */
export interface FakeBrokerOptions {
  /** Called for each method but those of messages; true when that is all that comes back. */
  readonly onMethod?: (link: FakeLink, method: number, channel: number) => boolean;
  readonly onRequest?: (link: FakeLink, request: FakeRequest) => void;
  readonly frameMax?: number;
}

/** As much of a broker as a client of ours needs, for what no real broker can be made to do at a given moment. */
export class FakeBroker implements AsyncDisposable {
  readonly links: FakeLink[] = [];
  readonly #server: net.Server;

  static async open(options: FakeBrokerOptions = {}): Promise<FakeBroker> {
    const broker = new FakeBroker(options);
    await new Promise<void>((resolve) => broker.#server.listen(0, "127.0.0.1", resolve));
    return broker;
  }

  private constructor(options: FakeBrokerOptions) {
    this.#server = net.createServer((socket) => this.links.push(new FakeLink(socket, options)));
  }

  get url(): string {
    return `amqp://127.0.0.1:${(this.#server.address() as net.AddressInfo).port}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const link of this.links) link.destroy();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }
}

/** One client's connection to a fake broker. */
export class FakeLink {
  /** How many requests came. */
  requests = 0;
  readonly #socket: net.Socket;
  readonly #options: FakeBrokerOptions;
  #bytes = Buffer.alloc(0);
  #hasGreeted = false;
  #route = "";

  constructor(socket: net.Socket, options: FakeBrokerOptions) {
    this.#socket = socket;
    this.#options = options;
    socket.setNoDelay(true);
    socket.on("error", () => {});
    socket.on("data", (chunk) => this.#read(chunk));
  }

  /** Sends frames in one piece. */
  send(...frames: readonly Buffer[]): void {
    this.#socket.write(Buffer.concat(frames));
  }

  destroy(): void {
    this.#socket.destroy();
  }

  #read(chunk: Buffer): void {
    this.#bytes = Buffer.concat([this.#bytes, chunk]);
    if (!this.#hasGreeted) {
      if (this.#bytes.length < 8) return;
      this.#bytes = this.#bytes.subarray(8);
      this.#hasGreeted = true;
      if (!this.#options.onMethod?.(this, 0, 0))
        this.send(method(0, 10, 10, [0, 9], table(), longString("PLAIN"), longString("en_US")));
    }
    while (this.#bytes.length >= 7) {
      const end = 8 + this.#bytes.readUInt32BE(3);
      if (this.#bytes.length < end) return;
      const frame = this.#bytes.subarray(0, end);
      this.#bytes = this.#bytes.subarray(end);
      this.#onFrame(frame.readUInt8(0), frame.readUInt16BE(1), frame.subarray(7, -1));
    }
  }

  #onFrame(type: number, channel: number, content: Buffer): void {
    if (type === 2) return this.#onHeader(channel, content);
    if (type !== 1) return;
    const name = content.readUInt32BE(0);
    if (name === Method.Publish) {
      const at = 7 + content.readUInt8(6);
      this.#route = content.toString("utf8", at + 1, at + 1 + content.readUInt8(at));
      return;
    }
    if (this.#options.onMethod?.(this, name, channel)) return;
    const { frameMax = 131_072 } = this.#options;
    if (name === Method.StartOk)
      this.send(method(0, 10, 30, uint16(100), uint32(frameMax), uint16(30)));
    else if (name === Method.Open) this.send(method(0, 10, 41, shortString("")));
    else if (name === Method.Close) this.send(method(0, 10, 51));
    else if (name === Method.ChannelOpen)
      this.send(method(channel, CHANNEL.class, CHANNEL.open, longString("")));
    else if (name === Method.ChannelClose)
      this.send(method(channel, CHANNEL.class, CHANNEL.closeOk));
    else if (name === Method.Consume) this.send(method(channel, 60, 21, shortString("tag")));
    else if (name === Method.QueueDeclare)
      this.send(method(channel, 50, 11, shortString("q"), uint32(0), uint32(0)));
  }

  #onHeader(channel: number, content: Buffer): void {
    this.requests++;
    // As our client writes it: content type, headers if any, and then the correlation id.
    const flags = content.readUInt16BE(12);
    let at = 14;
    if (flags & 0x8000) at += 1 + content.readUInt8(at);
    if (flags & 0x2000) at += 4 + content.readUInt32BE(at);
    const correlationId = content.toString("utf8", at + 1, at + 1 + content.readUInt8(at));
    this.#options.onRequest?.(this, { channel, route: this.#route, correlationId });
  }
}

/** A reply to a request, as three frames. */
export function reply({ channel, correlationId }: FakeRequest, body: string): Buffer {
  const bytes = Buffer.from(body);
  const deliver = method(channel, 60, 60, shortString("tag"), uint32(0), uint32(1), [0, 0, 0]);
  const size = Buffer.concat([uint32(0), uint32(bytes.length)]);
  const header = [uint16(60), uint16(0), size, uint16(0x0400), shortString(correlationId)];
  return Buffer.concat([deliver, frame(2, channel, header), frame(3, channel, [bytes])]);
}

/** The broker's goodbye to a connection. */
export function connectionClose(code: number, text: string): Buffer {
  return method(0, 10, 50, uint16(code), shortString(text), uint32(0));
}

/** The broker's goodbye to a channel. */
export function channelClose(channel: number, code: number, text: string): Buffer {
  const why = [uint16(code), shortString(text), uint32(0)];
  return method(channel, CHANNEL.class, CHANNEL.close, ...why);
}

/** The broker tells that it reads no further. */
export function connectionBlocked(reason: string): Buffer {
  return method(0, 10, 60, shortString(reason));
}

type Part = Uint8Array | readonly number[];

function method(channel: number, classId: number, id: number, ...values: readonly Part[]): Buffer {
  return frame(1, channel, [uint16(classId), uint16(id), ...values]);
}

function frame(type: number, channel: number, parts: readonly Part[]): Buffer {
  const content = Buffer.concat(parts.map((part) => Uint8Array.from(part)));
  const before = [Buffer.from([type]), uint16(channel), uint32(content.length)];
  return Buffer.concat([...before, content, Buffer.from([0xce])]);
}

function table(): Buffer {
  return uint32(0);
}

function shortString(text: string): Buffer {
  const bytes = Buffer.from(text);
  return Buffer.concat([Buffer.from([bytes.length]), bytes]);
}

function longString(text: string): Buffer {
  const bytes = Buffer.from(text);
  return Buffer.concat([uint32(bytes.length), bytes]);
}

function uint16(value: number): Buffer {
  const buffer = Buffer.alloc(2);
  buffer.writeUInt16BE(value);
  return buffer;
}

function uint32(value: number): Buffer {
  const buffer = Buffer.alloc(4);
  buffer.writeUInt32BE(value);
  return buffer;
}
