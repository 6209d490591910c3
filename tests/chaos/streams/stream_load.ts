import { BgtasksError, type RPCClient } from "../../../mod.ts";
import { waitFor } from "../../support/wait_for.ts";
import type { Begun, StreamKind } from "./stream_tasks.ts";
import { countUpTo, inOrder, streamKinds, streamRoute } from "./stream_tasks.ts";

/** How many items a stream has. */
const ITEMS = 2_000;

/** How long a stream may take in all, in milliseconds. */
export const PATIENCE = 120_000;

/** What came of the streams. */
export interface StreamCounts {
  readonly whole: number;
  /** Those that failed after some of their items, by a loss. */
  readonly cut: number;
  /** Codes of the errors with which streams ended. */
  readonly errors: ReadonlyMap<string, number>;
  /** What must not happen: items that are missing, doubled or in another order, an end too early. */
  readonly wrong: readonly string[];
  /** The longest time that one took, in milliseconds. */
  readonly slowest: number;
  /** Loops that had not ended when all streams had to be over. */
  readonly hung: number;
  /** Sources of items that were begun and not ended. */
  readonly openSources: number;
}

/** Loops that read streams, send items, and do both, one stream after the other, and look at each item. */
export class StreamLoad implements Disposable {
  whole = 0;
  #cut = 0;
  #slowest = 0;
  #stopping = false;
  #running: number;
  readonly #errors = new Map<string, number>();
  readonly #wrong: string[] = [];
  readonly #sources: Begun = { begun: 0, ended: 0 };
  readonly #client: RPCClient;
  readonly #prefix: string;

  constructor(client: RPCClient, prefix: string, loops: number) {
    this.#client = client;
    this.#prefix = prefix;
    this.#running = loops;
    for (let loop = 0; loop < loops; loop++)
      void this.#loop(streamKinds[loop % streamKinds.length] ?? "down");
  }

  /** Waits for so many whole streams more. */
  async progress(count: number): Promise<void> {
    const goal = this.whole + count;
    await waitFor(() => this.whole >= goal, `${count} more whole streams`, PATIENCE);
  }

  /** Lets the streams that are open end, and tells what came of all. */
  async stop(): Promise<StreamCounts> {
    this.#stopping = true;
    const areOver = (): boolean => this.#running === 0;
    await waitFor(areOver, "the last streams", PATIENCE + 5_000).catch(() => {});
    const sources = this.#sources;
    const areEnded = (): boolean => sources.begun === sources.ended;
    await waitFor(areEnded, "the ends of the sources", 5_000).catch(() => {});
    return {
      whole: this.whole,
      cut: this.#cut,
      errors: this.#errors,
      wrong: this.#wrong,
      slowest: this.#slowest,
      hung: this.#running,
      openSources: sources.begun - sources.ended,
    };
  }

  /** Begins no more. */
  [Symbol.dispose](): void {
    this.#stopping = true;
  }

  async #loop(kind: StreamKind): Promise<void> {
    while (!this.#stopping) {
      const since = performance.now();
      const progress = { items: 0 };
      try {
        if (kind === "up") await this.#send(progress);
        else await this.#read(kind, progress);
        this.whole++;
      } catch (error) {
        this.#onError(error, progress.items);
        // Not in a tight loop, while nothing can be sent.
        await new Promise((resolve) => setTimeout(resolve, 2));
      }
      this.#slowest = Math.max(this.#slowest, performance.now() - since);
    }
    this.#running--;
  }

  async #send(progress: { items: number }): Promise<void> {
    const route = streamRoute(this.#prefix, "up");
    const options = { send: this.#source(progress), timeout: PATIENCE };
    const got: unknown = await this.#client.call(route, { count: ITEMS }, options);
    if (got !== ITEMS) throw new Error(`${String(got)} items arrived`);
  }

  async #read(kind: StreamKind, progress: { items: number }): Promise<void> {
    const route = streamRoute(this.#prefix, kind);
    const send = kind === "both" ? this.#source({ items: 0 }) : undefined;
    const options = { send, timeout: PATIENCE, deadline: PATIENCE };
    const stream = this.#client.stream(route, { count: ITEMS }, options);
    for await (const n of inOrder(stream)) progress.items = n + 1;
    if (progress.items !== ITEMS) throw new Error(`an end after ${progress.items} items`);
    const returned: unknown = await stream.result;
    if (returned !== (kind === "down" ? ITEMS : "the end"))
      throw new Error(`the end has ${String(returned)}`);
  }

  async *#source(progress: { items: number }): AsyncGenerator<number> {
    for await (const n of countUpTo(ITEMS, this.#sources)) {
      progress.items = n + 1;
      yield n;
    }
  }

  #onError(error: unknown, items: number): void {
    const code = error instanceof BgtasksError ? error.code : String(error);
    this.#errors.set(code, (this.#errors.get(code) ?? 0) + 1);
    if (!(error instanceof BgtasksError)) this.#wrong.push(code);
    else if (code === "connection_lost" && items > 0) this.#cut++;
  }
}
