import net from "node:net";

/** How a link ends. */
export const MANNERS = ["destroy", "reset", "end", "black hole"] as const;
type Manner = (typeof MANNERS)[number];

export interface Cut {
  /** Whose bytes are counted. */
  readonly from: "client" | "broker";
  /** So many pass. */
  readonly after: number;
  readonly manner: Manner;
}

/** A proxy in front of a broker that cuts the first link after some bytes, and lets all others pass. */
export class CuttingProxy implements AsyncDisposable {
  /** Whether the cut has been made. */
  done = false;
  readonly #server: net.Server;
  readonly #target: { readonly host: string; readonly port: number };
  readonly #cut: Cut;
  readonly #sockets = new Set<net.Socket>();
  #links = 0;

  static async open(targetURL: string, cut: Cut): Promise<CuttingProxy> {
    const { hostname, port } = new URL(targetURL);
    const proxy = new CuttingProxy({ host: hostname, port: Number(port) }, cut);
    await new Promise<void>((resolve) => proxy.#server.listen(0, "127.0.0.1", resolve));
    return proxy;
  }

  private constructor(target: { readonly host: string; readonly port: number }, cut: Cut) {
    this.#target = target;
    this.#cut = cut;
    this.#server = net.createServer((client) => this.#accept(client));
  }

  get url(): string {
    return `amqp://guest:guest@127.0.0.1:${(this.#server.address() as net.AddressInfo).port}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  #accept(client: net.Socket): void {
    const broker = net.connect(this.#target);
    const isFirst = this.#links++ === 0;
    for (const socket of [client, broker]) {
      this.#sockets.add(socket);
      socket.setNoDelay(true);
      socket.on("error", () => {});
    }
    // A link in a black hole is let go of by its owner alone.
    const drop = (): void => {
      for (const socket of [client, broker]) {
        this.#sockets.delete(socket);
        socket.destroy();
      }
    };
    client.on("close", drop);
    broker.on("close", () => {
      if (!isFirst || !this.done || this.#cut.manner !== "black hole") drop();
    });
    const { from } = this.#cut;
    this.#pass(client, broker, isFirst && from === "client", client);
    this.#pass(broker, client, isFirst && from === "broker", client);
  }

  #pass(source: net.Socket, target: net.Socket, cuts: boolean, client: net.Socket): void {
    let passed = 0;
    const isHole = (): boolean => cuts && this.done;
    source.on("data", (chunk: Buffer) => {
      if (isHole()) return;
      const room = cuts ? this.#cut.after - passed : Infinity;
      passed += chunk.length;
      if (passed <= this.#cut.after || !cuts) {
        target.write(chunk);
        return;
      }
      this.done = true;
      target.write(chunk.subarray(0, room), () => this.#end(client, target));
    });
    source.on("end", () => {
      if (!isHole()) target.end();
    });
  }

  #end(client: net.Socket, target: net.Socket): void {
    switch (this.#cut.manner) {
      case "destroy":
        client.destroy();
        break;
      case "reset":
        if (typeof client.resetAndDestroy === "function") client.resetAndDestroy();
        else client.destroy();
        break;
      case "end":
        // The client's half, after all that came through.
        client.end();
        target.end();
        break;
      case "black hole":
        break;
    }
  }
}
