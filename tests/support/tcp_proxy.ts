import net from "node:net";

/** A TCP proxy in front of the broker that can break links as networks do. */
export class TCPProxy implements AsyncDisposable {
  readonly #server: net.Server;
  readonly #links = new Map<net.Socket, net.Socket>();
  #target: { host: string; port: number };
  #accepting = true;
  /** How much passes on new links, in each direction. @default all */
  bytesPerSecond = Infinity;
  readonly #delay: number;

  /** @param options `delay` is how long each piece takes in each direction, in milliseconds */
  static async open(
    targetURL: string,
    { delay = 0 }: { readonly delay?: number } = {},
  ): Promise<TCPProxy> {
    const { hostname, port } = new URL(targetURL);
    const proxy = new TCPProxy({ host: hostname, port: Number(port) || 5_672 }, delay);
    await proxy.#listen(0);
    return proxy;
  }

  private constructor(target: { host: string; port: number }, delay: number) {
    this.#target = target;
    this.#delay = delay;
    this.#server = net.createServer((client) => this.#accept(client));
  }

  /** The proxy's port. */
  get port(): number {
    return (this.#server.address() as net.AddressInfo).port;
  }

  /** How many links stand. */
  get links(): number {
    return this.#links.size;
  }

  /** Breaks every link, with a reset where the runtime can send one. */
  reset(): void {
    for (const [client, broker] of this.#links) {
      if (typeof client.resetAndDestroy === "function") client.resetAndDestroy();
      else client.destroy();
      broker.destroy();
    }
    this.#links.clear();
  }

  /** Lets nothing through any more, in either direction, without a word: a pulled cable. */
  freeze(): void {
    for (const [client, broker] of this.#links) {
      client.unpipe(broker);
      broker.unpipe(client);
      client.pause();
      broker.pause();
    }
  }

  /** Breaks every link and refuses new ones until {@link TCPProxy.accept}. */
  refuse(): void {
    this.#accepting = false;
    this.reset();
  }

  accept(): void {
    this.#accepting = true;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const [client, broker] of this.#links) {
      client.destroy();
      broker.destroy();
    }
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  async #listen(port: number): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(port, "127.0.0.1", resolve));
  }

  #accept(client: net.Socket): void {
    client.on("error", () => {});
    if (!this.#accepting) {
      client.destroy();
      return;
    }
    const broker = net.connect(this.#target);
    broker.setNoDelay(true);
    client.setNoDelay(true);
    broker.on("error", () => {});
    this.#links.set(client, broker);
    if (this.#delay > 0) this.#passLate(client, broker);
    else if (this.bytesPerSecond < Infinity) {
      trickle(client, broker, this.bytesPerSecond);
      trickle(broker, client, this.bytesPerSecond);
    } else client.pipe(broker).pipe(client);
    const drop = (): void => {
      this.#links.delete(client);
      client.destroy();
      broker.destroy();
    };
    client.on("close", drop);
    broker.on("close", drop);
  }

  #passLate(client: net.Socket, broker: net.Socket): void {
    for (const [from, to] of [
      [client, broker],
      [broker, client],
    ] as const) {
      const timers = new Set<ReturnType<typeof setTimeout>>();
      const later = (act: () => void): void => {
        const timer = setTimeout(() => {
          timers.delete(timer);
          if (to.writable) act();
        }, this.#delay);
        timers.add(timer);
      };
      from.on("data", (chunk) => later(() => to.write(chunk)));
      from.on("end", () => later(() => to.end()));
      to.on("close", () => {
        for (const timer of timers) clearTimeout(timer);
      });
    }
  }
}

/** Passes on what comes, slowly, and makes the sender wait meanwhile. */
function trickle(from: net.Socket, to: net.Socket, bytesPerSecond: number): void {
  from.on("data", (chunk: Uint8Array) => {
    to.write(chunk);
    from.pause();
    setTimeout(() => from.resume(), (1_000 * chunk.length) / bytesPerSecond);
  });
  from.on("end", () => to.end());
}
