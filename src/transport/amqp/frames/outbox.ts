import { nextTick } from "node:process";

import { ACK_SIZE, FrameWriter, publishSize } from "./frame_writer.ts";
import type { Publish } from "./frame_writer.ts";

/** Most turns of the event loop fit in one buffer of this size, in bytes. */
const BUFFER_SIZE = 256 * 1_024;

/** How many buffers to keep for the next turns. */
const SPARE_BUFFERS = 4;

/** So many bytes may wait for the broker to read them before {@link Outbox.isHeldUp} says so. */
const MAX_UNREAD = 8 * 1_024 * 1_024;

/** Hands bytes to the socket and tells when it no longer needs them. */
export type Write = (bytes: Uint8Array, done: () => void) => void;

/**
 * Collects the frames of one turn of the event loop and sends them in one write: with many calls in flight the system
 * calls, not the frames, are what costs.
 */
export class Outbox {
  /** The largest frame that both sides agreed on, in bytes; known once they are connected. */
  frameMax = 4_096;
  /** The largest body that the broker takes, in bytes; known once it has refused a larger one. */
  maxBody: number = Infinity;
  /** Whether the broker has said that it reads nothing at the moment. */
  isBlocked = false;
  readonly #write: Write;
  readonly #spare: FrameWriter[] = [];
  #writer = new FrameWriter(BUFFER_SIZE);
  #scheduled = false;
  /** How many bytes the socket has not passed on. */
  #unread = 0;

  constructor(write: Write) {
    this.#write = write;
  }

  /** Whether what is sent piles up here. */
  get isHeldUp(): boolean {
    return this.isBlocked || this.#unread > MAX_UNREAD;
  }

  /**
   * @returns how many bytes the body takes
   * @throws RangeError when the properties do not fit in a frame
   */
  publish(channel: number, publish: Publish, body: string | Uint8Array): number {
    const { frameMax } = this;
    const writer = this.#reserve(publishSize(publish, body, frameMax));
    return writer.publish(channel, publish, body, frameMax);
  }

  ack(channel: number, deliveryTag: number): void {
    this.#reserve(ACK_SIZE).ack(channel, deliveryTag);
  }

  requeue(channel: number, deliveryTag: number): void {
    this.#reserve(ACK_SIZE).requeue(channel, deliveryTag);
  }

  reject(channel: number, deliveryTag: number): void {
    this.#reserve(ACK_SIZE).reject(channel, deliveryTag);
  }

  /** Sends frames made by the client library, in their place among ours. */
  append(frames: Uint8Array): void {
    this.#reserve(frames.length).raw(frames);
  }

  /** Sends what is there now. */
  flush(): void {
    const writer = this.#writer;
    if (writer.position === 0) return;
    this.#writer = this.#spare.pop() ?? new FrameWriter(BUFFER_SIZE);
    const length = writer.position;
    this.#unread += length;
    this.#write(writer.bytes.subarray(0, length), () => {
      this.#unread -= length;
      if (writer.bytes.length !== BUFFER_SIZE || this.#spare.length === SPARE_BUFFERS) return;
      writer.position = 0;
      this.#spare.push(writer);
    });
  }

  #reserve(size: number): FrameWriter {
    if (!this.#scheduled) {
      this.#scheduled = true;
      // After the microtasks of this turn, in which the calls and replies are made, and before the next turn.
      nextTick(this.#onTurnEnd);
    }
    if (this.#writer.position + size > this.#writer.bytes.length) {
      this.flush();
      if (size > this.#writer.bytes.length) this.#writer = new FrameWriter(size);
    }
    return this.#writer;
  }

  readonly #onTurnEnd = (): void => {
    this.#scheduled = false;
    this.flush();
  };
}
