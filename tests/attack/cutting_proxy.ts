import type net from "node:net";

import { ProxyServer } from "./proxy_server.ts";

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
export class CuttingProxy extends ProxyServer {
  /** Whether the cut has been made. */
  done = false;
  readonly #cut: Cut;
  #links = 0;

  static open(targetURL: string, cut: Cut): Promise<CuttingProxy> {
    return new CuttingProxy(targetURL, cut).listen();
  }

  private constructor(targetURL: string, cut: Cut) {
    super(targetURL);
    this.#cut = cut;
  }

  protected override pass(client: net.Socket, broker: net.Socket, drop: () => void): void {
    const isFirst = this.#links++ === 0;
    client.on("close", drop);
    broker.on("close", () => {
      // A link in a black hole is let go of by its owner alone.
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
