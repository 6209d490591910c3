import type { Socket } from "node:net";

import { AMQPClient, type AMQPChannel } from "@cloudamqp/amqp-client";

const [METHOD, HEADER, BODY] = [1, 2, 3];
/** Class and method of what is written and read here, as one number. */
const [CONSUME, CONSUME_OK, PUBLISH, RETURN, DELIVER, ACK] = [
  0x003c_0014, 0x003c_0015, 0x003c_0028, 0x003c_0032, 0x003c_003c, 0x003c_0050,
];
/** Content type, delivery mode and message id. */
const PROPERTIES = 0x9080;
const FRAME_END = 0xce;
const BUFFER_SIZE = 262_144;
const ID_LENGTH = 36;

type OnJob = (body: string, deliveryTag: number) => void;

/** One channel of a broker whose frames are written and read by hand, once the client library has opened it. */
export class RawLink {
  readonly channel: AMQPChannel;
  readonly #socket: Socket;
  readonly #confirms = new Map<number, () => void>();
  #onJob: OnJob = () => {};
  #sent = 0;
  #tag = 0;
  #rest: Buffer | undefined;
  #out: Buffer = Buffer.allocUnsafe(BUFFER_SIZE);
  readonly #spare: Buffer[] = [];
  #at = 0;
  #isScheduled = false;

  static async open(url: string): Promise<RawLink> {
    const client = new AMQPClient(url);
    // The connection ends without its goodbye.
    client.onerror = () => {};
    await client.connect();
    const channel = await client.channel();
    if (!client.socket) throw new Error("The client library has no socket");
    client.socket.setNoDelay(true);
    return new RawLink(client.socket, channel);
  }

  private constructor(socket: Socket, channel: AMQPChannel) {
    this.#socket = socket;
    this.channel = channel;
  }

  /** From now on frames are read here, and not by the client library. */
  takeOver(): void {
    this.#socket.removeAllListeners("data");
    this.#socket.on("data", (chunk: Buffer) => this.#read(chunk));
  }

  consume(queue: string, onJob: OnJob): void {
    this.takeOver();
    this.#onJob = onJob;
    const size = this.#start(METHOD, 64 + queue.length);
    this.#uint32(CONSUME);
    this.#uint16(0);
    this.#shortText(queue);
    this.#shortText("");
    this.#uint8(0);
    this.#uint32(0);
    this.#end(size);
  }

  /** Resolves when the broker has confirmed the message. */
  publish(queue: string, body: string): Promise<void> {
    const length = Buffer.byteLength(body);
    const method = this.#start(METHOD, 256 + queue.length + length);
    this.#uint32(PUBLISH);
    this.#uint16(0);
    this.#shortText("");
    this.#shortText(queue);
    this.#uint8(1); // mandatory
    this.#end(method);
    const header = this.#start(HEADER, 0);
    this.#uint32(0x003c_0000);
    this.#uint32(0);
    this.#uint32(length);
    this.#uint16(PROPERTIES);
    this.#shortText("application/json");
    this.#uint8(2); // persistent
    this.#uint8(ID_LENGTH);
    this.#at += this.#out.write(crypto.randomUUID(), this.#at, "latin1");
    this.#end(header);
    const content = this.#start(BODY, 0);
    this.#at += this.#out.write(body, this.#at);
    this.#end(content);
    const number = ++this.#sent;
    return new Promise((resolve) => this.#confirms.set(number, resolve));
  }

  ack(deliveryTag: number): void {
    const frame = this.#start(METHOD, 64);
    this.#uint32(ACK);
    this.#uint32(0);
    this.#uint32(deliveryTag);
    this.#uint8(0);
    this.#end(frame);
  }

  /** Writes what is there, and ends the connection. */
  close(): Promise<void> {
    this.#flush();
    return new Promise((resolve) => {
      this.#socket.removeAllListeners("close");
      this.#socket.once("close", () => resolve());
      this.#socket.destroySoon();
    });
  }

  #read(chunk: Buffer): void {
    const bytes = this.#rest ? Buffer.concat([this.#rest, chunk]) : chunk;
    let at = 0;
    while (bytes.length - at >= 8) {
      const end = at + 7 + bytes.readUInt32BE(at + 3);
      if (bytes.length <= end) break;
      this.#onFrame(bytes, at + 7, end, bytes[at] ?? 0);
      at = end + 1;
    }
    this.#rest = at === bytes.length ? undefined : bytes.subarray(at);
  }

  #onFrame(bytes: Buffer, start: number, end: number, kind: number): void {
    // The bodies here fit into one frame.
    if (kind === BODY) return this.#onJob(bytes.toString("utf8", start, end), this.#tag);
    if (kind !== METHOD) return;
    const method = bytes.readUInt32BE(start);
    if (method === ACK) this.#confirm(bytes.readUInt32BE(start + 8), bytes[start + 12] === 1);
    else if (method === DELIVER)
      this.#tag = bytes.readUInt32BE(start + 9 + (bytes[start + 4] ?? 0));
    else if (method === RETURN) throw new Error("No queue took a job");
    else if (method !== CONSUME_OK) throw new Error(`Unexpected frame ${method.toString(16)}`);
  }

  #confirm(number: number, multiple: boolean): void {
    for (const sent of multiple ? this.#confirms.keys() : [number]) {
      if (sent > number) break;
      this.#confirms.get(sent)?.();
      this.#confirms.delete(sent);
    }
  }

  /** @returns where the frame begins */
  #start(kind: number, room: number): number {
    if (this.#at + room > BUFFER_SIZE) this.#flush();
    if (!this.#isScheduled) {
      this.#isScheduled = true;
      process.nextTick(this.#onTurnEnd);
    }
    this.#uint8(kind);
    this.#uint16(this.channel.id);
    this.#at += 4;
    return this.#at;
  }

  #end(start: number): void {
    this.#out.writeUInt32BE(this.#at - start, start - 4);
    this.#uint8(FRAME_END);
  }

  #uint8(value: number): void {
    this.#out[this.#at++] = value;
  }

  #uint16(value: number): void {
    this.#at = this.#out.writeUInt16BE(value, this.#at);
  }

  #uint32(value: number): void {
    this.#at = this.#out.writeUInt32BE(value, this.#at);
  }

  #shortText(text: string): void {
    this.#uint8(text.length);
    this.#at += this.#out.write(text, this.#at, "latin1");
  }

  readonly #onTurnEnd = (): void => {
    this.#isScheduled = false;
    this.#flush();
  };

  #flush(): void {
    if (this.#at === 0) return;
    const bytes = this.#out;
    this.#socket.write(bytes.subarray(0, this.#at), () => this.#spare.push(bytes));
    this.#out = this.#spare.pop() ?? Buffer.allocUnsafe(BUFFER_SIZE);
    this.#at = 0;
  }
}
