import net from "node:net";
import { Transform } from "node:stream";

/** How fast a link is, in bytes per second. */
export interface Speed {
  readonly up: number;
  readonly down: number;
}

const TICK = 10;

/** A proxy in front of a broker that lets so many bytes pass per second, and makes both ends wait for the rest. */
export class SlowProxy implements AsyncDisposable {
  readonly #server: net.Server;
  readonly #sockets = new Set<net.Socket>();

  static async open(targetURL: string, speed: Speed): Promise<SlowProxy> {
    const { hostname, port } = new URL(targetURL);
    const proxy = new SlowProxy({ host: hostname, port: Number(port) }, speed);
    await new Promise<void>((resolve) => proxy.#server.listen(0, "127.0.0.1", resolve));
    return proxy;
  }

  private constructor(target: { readonly host: string; readonly port: number }, speed: Speed) {
    this.#server = net.createServer({ highWaterMark: 16_384 }, (client) => {
      const broker = net.connect(target);
      const drop = (): void => {
        client.destroy();
        broker.destroy();
      };
      for (const socket of [client, broker]) {
        this.#sockets.add(socket);
        socket.setNoDelay(true);
        socket.on("error", () => {});
        socket.on("close", () => {
          this.#sockets.delete(socket);
          drop();
        });
      }
      client.pipe(throttled(speed.up)).pipe(broker);
      broker.pipe(throttled(speed.down)).pipe(client);
    });
  }

  get url(): string {
    return `amqp://guest:guest@127.0.0.1:${(this.#server.address() as net.AddressInfo).port}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
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
