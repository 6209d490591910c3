import { BgtasksError } from "../errors.ts";
import { MAX_TIMEOUT } from "../time/max_timeout.ts";
import { Stop } from "../context/abort.ts";

/** How batches are made and represented. */
export interface BatchWork<Row, Out, Gathered> {
  /** Begins what is gathered of the rows of a batch while it fills. */
  readonly begin: () => Gathered;
  /** Gathers from a row, and tells how many ids the batch holds by now. */
  readonly add: (gathered: Gathered, row: Row) => number;
  /** Represents a batch; `stop` aborts when nobody wants it any more. */
  readonly represent: (rows: Row[], gathered: Gathered, stop: AbortSignal) => Promise<Out[]>;
}

export interface RowStreamOptions {
  readonly batchSize?: number | undefined;
  readonly batchIds?: number | undefined;
  readonly flushAfter?: number | undefined;
  readonly prefetch?: number | undefined;
  readonly signals: readonly (AbortSignal | undefined)[];
}

/**
 * A transform stream that works on batches of rows, several at a time, and gives their results in the order of the rows.
 *
 * Made of its two ends rather than of a `TransformStream`: that one does not learn on Node 20 that its reader left, and
 * the calls of a batch that nobody reads would go on.
 */
export class RowStream<Row, Out, Gathered> implements ReadableWritablePair<Out, Row> {
  readonly readable: ReadableStream<Out>;
  readonly writable: WritableStream<Row>;
  readonly #work: BatchWork<Row, Out, Gathered>;
  readonly #batchSize: number;
  readonly #batchIds: number;
  readonly #flushAfter: number;
  readonly #prefetch: number;
  readonly #stop = new AbortController();
  /** Rows of the batch that fills. */
  #rows: Row[] = [];
  /** What is gathered of them. */
  #gathered: Gathered;
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** Batches on their way or waiting for the reader, the oldest first. */
  readonly #batches: Promise<Out[]>[] = [];
  #ended = false;
  /** Called when there is a batch to read, or the end. */
  #onBatch: (() => void) | undefined;
  /** Called when a batch was read, so that another may start. */
  #onRoom: (() => void) | undefined;
  #input: WritableStreamDefaultController | undefined;
  #output: ReadableStreamDefaultController<Out> | undefined;
  readonly #outer: Stop;

  constructor(work: BatchWork<Row, Out, Gathered>, options: RowStreamOptions) {
    const { batchSize = 1_000, batchIds = 10_000, flushAfter = 50, prefetch = 4 } = options;
    this.#outer = new Stop(...options.signals);
    checkCount("batchSize", batchSize);
    if (batchIds !== Infinity) checkCount("batchIds", batchIds);
    checkCount("prefetch", prefetch);
    if (!(flushAfter >= 0)) throw invalid("flushAfter", "a number of milliseconds", flushAfter);
    this.#work = work;
    this.#gathered = work.begin();
    this.#batchSize = batchSize;
    this.#batchIds = batchIds;
    // Timers take no more; a row that waits longer waits for its batch to fill.
    this.#flushAfter = flushAfter > MAX_TIMEOUT ? Infinity : flushAfter;
    this.#prefetch = prefetch;
    this.writable = new WritableStream<Row>({
      start: (controller) => void (this.#input = controller),
      write: (row) => this.#write(row),
      close: () => this.#close(),
      abort: (reason) => this.#fail(reason),
    });
    // Nothing is read ahead here: the batches are that.
    this.readable = new ReadableStream<Out>(
      {
        start: (controller) => void (this.#output = controller),
        pull: (controller) => this.#pull(controller),
        cancel: (reason) => this.#fail(reason),
      },
      { highWaterMark: 0 },
    );
    const { signal } = this.#outer;
    signal.addEventListener("abort", () => this.#fail(signal.reason));
    if (signal.aborted) this.#fail(signal.reason);
  }

  #write(row: Row): Promise<void> | undefined {
    let ids: number;
    try {
      ids = this.#work.add(this.#gathered, row);
    } catch (error) {
      this.#fail(error);
      return undefined;
    }
    this.#rows.push(row);
    if (this.#rows.length >= this.#batchSize || ids >= this.#batchIds) return this.#send();
    // Counted from the first row of the batch.
    if (this.#rows.length === 1) this.#flushLater();
    return undefined;
  }

  #flushLater(): void {
    if (this.#flushAfter === Infinity) return;
    this.#timer = setTimeout(() => this.#flush(), this.#flushAfter);
  }

  /** Starts the batch, once there is room for it: until then the writer has to wait. */
  async #send(): Promise<void> {
    clearTimeout(this.#timer);
    while (this.#batches.length >= this.#prefetch && !this.#stop.signal.aborted) {
      await new Promise<void>((resolve) => (this.#onRoom = resolve));
    }
    if (this.#rows.length > 0 && !this.#stop.signal.aborted) this.#start();
  }

  /** Starts a batch that is not full because its rows have waited long enough. Without room it goes on filling. */
  #flush(): void {
    if (this.#rows.length === 0 || this.#stop.signal.aborted) return;
    if (this.#batches.length < this.#prefetch) this.#start();
    else this.#flushLater();
  }

  #start(): void {
    clearTimeout(this.#timer);
    const rows = this.#rows;
    const gathered = this.#gathered;
    this.#rows = [];
    this.#gathered = this.#work.begin();
    const batch = this.#work.represent(rows, gathered, this.#stop.signal);
    // Its turn to be read may be far off; the stream fails now.
    batch.catch((error: unknown) => this.#fail(error));
    this.#batches.push(batch);
    this.#onBatch?.();
  }

  async #pull(controller: ReadableStreamDefaultController<Out>): Promise<void> {
    // Nobody pulls again before there is a result, and all rows of a batch may have been left out.
    for (let results: Out[] | undefined = []; results?.length === 0;) {
      while (this.#batches.length === 0) {
        if (this.#ended) return this.#end(controller);
        await new Promise<void>((resolve) => (this.#onBatch = resolve));
        if (this.#stop.signal.aborted) return;
      }
      const [batch] = this.#batches;
      results = await batch?.catch(() => undefined);
      // What failed has told the stream.
      if (!results || this.#stop.signal.aborted) return;
      void this.#batches.shift();
      for (const result of results) controller.enqueue(result);
      this.#onRoom?.();
    }
    if (this.#ended && this.#batches.length === 0) this.#end(controller);
  }

  async #close(): Promise<void> {
    await this.#send();
    this.#ended = true;
    this.#onBatch?.();
  }

  #end(controller: ReadableStreamDefaultController<Out>): void {
    this.#outer.detach();
    controller.close();
  }

  /** Ends both sides for whatever reason: calls that are out are given up, and no further ones are made. */
  #fail(reason: unknown): void {
    if (this.#stop.signal.aborted) return;
    this.#outer.detach();
    clearTimeout(this.#timer);
    this.#rows = [];
    this.#stop.abort(reason);
    this.#input?.error(reason);
    this.#output?.error(reason);
    this.#onBatch?.();
    this.#onRoom?.();
  }
}

function checkCount(name: string, value: number): void {
  if (!Number.isInteger(value) || value < 1) throw invalid(name, "a whole number above 0", value);
}

function invalid(name: string, rule: string, value: unknown): BgtasksError {
  return new BgtasksError(
    "invalid_stream",
    `Cannot stream because ${name} must be ${rule}: ${String(value)}`,
  );
}
