import type net from "node:net";
import { Transform } from "node:stream";

import { ProxyServer } from "./proxy_server.ts";

/** How fast a link is, in bytes per second. */
export interface Speed {
  readonly up: number;
  readonly down: number;
}

const TICK = 10;

/** A proxy in front of a broker that lets so many bytes pass per second, and makes both ends wait for the rest. */
export class SlowProxy extends ProxyServer {
  readonly #speed: Speed;

  static open(targetURL: string, speed: Speed): Promise<SlowProxy> {
    return new SlowProxy(targetURL, speed).listen();
  }

  private constructor(targetURL: string, speed: Speed) {
    super(targetURL, { highWaterMark: 16_384 });
    this.#speed = speed;
  }

  protected override pass(client: net.Socket, broker: net.Socket, drop: () => void): void {
    for (const socket of [client, broker]) socket.on("close", drop);
    client.pipe(throttled(this.#speed.up)).pipe(broker);
    broker.pipe(throttled(this.#speed.down)).pipe(client);
  }
}

/** Passes on so many bytes a second, with room for a few milliseconds. */
function throttled(perSecond: number): Transform {
  let due = performance.now();
  return new Transform({
    ...{ readableHighWaterMark: 16_384, writableHighWaterMark: 16_384 },
    transform(chunk: Buffer, _encoding, done) {
      const now = performance.now();
      due = Math.max(due, now) + (chunk.length / perSecond) * 1_000;
      if (due - now < TICK) done(null, chunk);
      else setTimeout(() => done(null, chunk), due - now);
    },
  });
}
