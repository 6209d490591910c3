import net from "node:net";

/** Where a proxy passes links on to. */
type Target = { readonly host: string; readonly port: number };

/** A TCP server in front of a broker. A class that extends it says how the bytes of a link get through. */
export abstract class ProxyServer implements AsyncDisposable {
  readonly #server: net.Server;
  readonly #target: Target;
  readonly #sockets = new Set<net.Socket>();

  protected constructor(targetURL: string, options: net.ServerOpts = {}) {
    const { hostname, port } = new URL(targetURL);
    this.#target = { host: hostname, port: Number(port) };
    this.#server = net.createServer(options, (client) => this.#accept(client));
  }

  get url(): string {
    return `amqp://guest:guest@127.0.0.1:${(this.#server.address() as net.AddressInfo).port}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  protected async listen(): Promise<this> {
    await new Promise<void>((resolve) => this.#server.listen(0, "127.0.0.1", resolve));
    return this;
  }

  /** Passes on what comes from either side; `drop` ends both. */
  protected abstract pass(client: net.Socket, broker: net.Socket, drop: () => void): void;

  #accept(client: net.Socket): void {
    const broker = net.connect(this.#target);
    for (const socket of [client, broker]) {
      this.#sockets.add(socket);
      socket.setNoDelay(true);
      socket.on("error", () => {});
    }
    this.pass(client, broker, () => {
      for (const socket of [client, broker]) {
        this.#sockets.delete(socket);
        socket.destroy();
      }
    });
  }
}
