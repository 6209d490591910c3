import { onAbort } from "../context/abort.ts";
import { contextFor } from "../context/ambient.ts";
import { BgtasksError, RPCTimeoutError } from "../errors.ts";
import type { ItemSource } from "./item_stream.ts";
import type { ItemStreamOptions } from "./stream_options.ts";
import { stopped } from "../streams/item_buffer.ts";

/** Bounds of the pause before a stream begins again, in milliseconds: it doubles until an item comes. */
const PAUSE = { initial: 50, max: 5_000 } as const;

/** What a stream begins again with; nothing to give it up. */
type Resume = (last: unknown) => unknown;

/** How a stream begins again. */
interface Resuming {
  readonly route: string;
  /** @param deadline how many milliseconds it may take from now on, where there is an end */
  readonly begin: (input: unknown, deadline: number | undefined) => ItemSource;
  readonly resume: Resume;
  /** How long it may take in all, in milliseconds. */
  readonly deadline: number | undefined;
  /** What ends the stream in a pause. */
  readonly signals: readonly (AbortSignal | null | undefined)[];
}

/**
 * Begins a stream, and begins it again after losses where its options say how. Never throws.
 *
 * @param clientSignal aborts when no stream begins any more
 */
export function beginResuming(
  route: string,
  input: unknown,
  options: ItemStreamOptions,
  begin: (input: unknown, options: ItemStreamOptions) => ItemSource,
  clientSignal: AbortSignal,
): ItemSource {
  const isResuming = typeof options === "object" && typeof options?.resume === "function";
  // Items are sent once, so that both together are refused there.
  if (!isResuming || options.send !== undefined) return begin(input, options);
  // Once: code of the program's own may run where options are read.
  const { resume, deadline, signal, ...others } = options;
  const within = contextFor(options.within);
  return new ResumingReader(input, {
    route,
    begin: (input, left) =>
      begin(input, { ...others, signal, deadline: left, within: within ?? null }),
    resume: resume as Resume,
    deadline,
    signals: [signal, within?.signal, clientSignal],
  });
}

/** The items of a stream that begins again after a loss, from where its reader says. */
class ResumingReader implements ItemSource {
  readonly result: Promise<unknown>;
  readonly #how: Resuming;
  readonly #endsAt: number;
  #source: ItemSource;
  #last: unknown;
  #losses = 0;
  #isOver = false;
  /** What it ended with, until that is told. */
  #error: { readonly reason: unknown } | undefined;
  /** The one `next()` after the other: the next item may be that of the next attempt. */
  #turn: Promise<unknown> = Promise.resolve();
  /** Set between a loss and the next attempt: ends what waits meanwhile. */
  #endGap: (() => void) | undefined;
  #onOver: (() => void) | undefined;
  #resolveResult: (value: unknown) => void = () => {};
  #rejectResult: (reason: unknown) => void = () => {};

  constructor(input: unknown, how: Resuming) {
    this.#how = how;
    this.#endsAt = performance.now() + (how.deadline ?? Infinity);
    this.result = new Promise((resolve, reject) => {
      this.#resolveResult = resolve;
      this.#rejectResult = reject;
    });
    // Whoever looks at it sees the rejection; nobody has to.
    this.result.catch(() => {});
    this.#source = this.#begin(input, how.deadline);
  }

  next(): Promise<IteratorResult<unknown, undefined>> {
    const turn = this.#turn.then(() => this.#next());
    this.#turn = turn.catch(() => {});
    return turn;
  }

  stop(): void {
    this.#end(stopped());
  }

  async #next(): Promise<IteratorResult<unknown, undefined>> {
    while (!this.#isOver) {
      try {
        const result = await this.#source.next();
        if (this.#isOver) break;
        if (result.done) this.#isOver = true;
        else [this.#last, this.#losses] = [result.value, 0];
        return result;
      } catch (error) {
        await this.#resumeAfter(error).catch((reason: unknown) => this.#fail(reason));
      }
    }
    const error = this.#error;
    this.#error = undefined;
    if (error) throw error.reason;
    return { done: true, value: undefined };
  }

  /** Begins again, or throws what the stream ends with. */
  async #resumeAfter(loss: unknown): Promise<void> {
    if (!isLoss(loss)) throw loss;
    await this.#pause(Math.min(PAUSE.max, PAUSE.initial * 2 ** this.#losses++));
    if (this.#isOver) return;
    const { resume, deadline } = this.#how;
    const input = await this.#unlessOver((async () => resume(this.#last))());
    if (this.#isOver) return;
    if (input === undefined || input === false) throw loss;
    const left = this.#endsAt - performance.now();
    if (left <= 0) throw this.#tookTooLong();
    this.#endGap?.();
    this.#source = this.#begin(input, deadline === undefined ? undefined : left);
  }

  #begin(input: unknown, deadline: number | undefined): ItemSource {
    const source = this.#how.begin(input, deadline);
    source.result.then(this.#resolveResult, (error: unknown) => {
      if (isLoss(error)) this.#watchGap();
      else this.#rejectResult(error);
    });
    return source;
  }

  /** What ends an attempt ends the stream while there is none. */
  #watchGap(): void {
    if (this.#isOver) return;
    const { deadline, signals } = this.#how;
    const detaching = signals.map((signal) =>
      signal ? onAbort(signal, () => this.#fail(signal.reason)) : () => {},
    );
    let timer: ReturnType<typeof setTimeout> | undefined;
    if (deadline !== undefined) {
      const left = this.#endsAt - performance.now();
      timer = setTimeout(() => this.#fail(this.#tookTooLong()), left);
    }
    this.#endGap = () => {
      clearTimeout(timer);
      for (const detach of detaching) detach();
    };
    for (const signal of signals) if (signal?.aborted) this.#fail(signal.reason);
  }

  #tookTooLong(): RPCTimeoutError {
    const { route, deadline = Infinity } = this.#how;
    return new RPCTimeoutError(route, deadline, undefined, "the stream had not come to its end");
  }

  #fail(reason: unknown): void {
    if (this.#isOver) return;
    this.#error = { reason };
    this.#end(reason);
  }

  #end(reason: unknown): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#rejectResult(reason);
    this.#source.stop();
    this.#endGap?.();
    this.#onOver?.();
  }

  /** With jitter, because the streams of many readers may have been lost at once. */
  async #pause(limit: number): Promise<void> {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const pause = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, (limit * (1 + Math.random())) / 2);
    });
    await this.#unlessOver(pause);
    clearTimeout(timer);
  }

  /** Waits for something, but no longer than the stream goes on. */
  #unlessOver<T>(work: Promise<T>): Promise<T | undefined> {
    return new Promise((resolve, reject) => {
      if (this.#isOver) return resolve(undefined);
      this.#onOver = () => resolve(undefined);
      work.then(resolve, reject);
    });
  }
}

/** Whether a stream ended though neither its handler nor its reader wanted that. */
function isLoss(error: unknown): boolean {
  return (
    error instanceof BgtasksError && (error.code === "connection_lost" || error.code === "stopping")
  );
}
