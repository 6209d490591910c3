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
  /** The one `next()` after the other: the next item may be that of the next attempt. */
  #turn: Promise<unknown> = Promise.resolve();
  #endPause: (() => void) | undefined;
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
    if (this.#isOver) return;
    this.#isOver = true;
    this.#rejectResult(stopped());
    this.#source.stop();
    this.#endPause?.();
  }

  async #next(): Promise<IteratorResult<unknown, undefined>> {
    while (!this.#isOver) {
      try {
        const result = await this.#source.next();
        if (result.done) this.#isOver = true;
        else [this.#last, this.#losses] = [result.value, 0];
        return result;
      } catch (error) {
        try {
          await this.#resumeAfter(error);
        } catch (reason) {
          this.#isOver = true;
          this.#rejectResult(reason);
          throw reason;
        }
      }
    }
    return { done: true, value: undefined };
  }

  /** Begins again, or throws what the stream ends with. */
  async #resumeAfter(loss: unknown): Promise<void> {
    if (!isLoss(loss)) throw loss;
    if (this.#isOver) return;
    await this.#pause(Math.min(PAUSE.max, PAUSE.initial * 2 ** this.#losses++));
    if (this.#isOver) return;
    const { route, resume, deadline, signals } = this.#how;
    for (const signal of signals) signal?.throwIfAborted();
    const input = await resume(this.#last);
    if (this.#isOver) return;
    if (input === undefined || input === false) throw loss;
    const left = this.#endsAt - performance.now();
    if (deadline !== undefined && left <= 0)
      throw new RPCTimeoutError(route, deadline, undefined, "the stream had not come to its end");
    this.#source = this.#begin(input, deadline === undefined ? undefined : left);
  }

  #begin(input: unknown, deadline: number | undefined): ItemSource {
    const source = this.#how.begin(input, deadline);
    source.result.then(this.#resolveResult, (error: unknown) => {
      if (!isLoss(error)) this.#rejectResult(error);
    });
    return source;
  }

  /** With jitter, because the streams of many readers may have been lost at once. */
  #pause(limit: number): Promise<void> {
    return new Promise((resolve) => {
      const end = (): void => {
        clearTimeout(timer);
        for (const detach of detaching) detach();
        resolve();
      };
      const timer = setTimeout(end, (limit * (1 + Math.random())) / 2);
      const detaching = this.#how.signals.map((signal) =>
        signal ? onAbort(signal, end) : () => {},
      );
      this.#endPause = end;
      if (this.#how.signals.some((signal) => signal?.aborted)) end();
    });
  }
}

/** Whether a stream ended though neither its handler nor its reader wanted that. */
function isLoss(error: unknown): boolean {
  return (
    error instanceof BgtasksError && (error.code === "connection_lost" || error.code === "stopping")
  );
}
