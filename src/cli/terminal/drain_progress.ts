import { clearInterval, setInterval } from "node:timers";

import { count } from "./output.ts";

/** Where progress is shown: standard output, if it is a terminal. */
export interface ProgressStream {
  readonly isTTY?: boolean | undefined;
  write(text: string): unknown;
}

const CLEAR_LINE = "\r\u001b[K";

/** How often the line is written anew, in milliseconds. */
const INTERVAL = 250;

/** Tells on a terminal how many handlers a drain still waits for, and for how long, on one line; nothing elsewhere. */
export class DrainProgress implements Disposable {
  readonly #stream: ProgressStream;
  readonly #running: () => number;
  readonly #endsAt: number;
  readonly #timer: ReturnType<typeof setInterval> | undefined;

  /**
   * @param running how many handlers run
   * @param timeout how long the drain waits for them at most, in milliseconds
   */
  constructor(stream: ProgressStream, running: () => number, timeout: number) {
    this.#stream = stream;
    this.#running = running;
    this.#endsAt = performance.now() + timeout;
    if (!stream.isTTY) return;
    this.#show();
    this.#timer = setInterval(() => this.#show(), INTERVAL);
  }

  /** Removes the line. */
  [Symbol.dispose](): void {
    if (this.#timer === undefined) return;
    clearInterval(this.#timer);
    this.#stream.write(CLEAR_LINE);
  }

  #show(): void {
    const seconds = Math.max(0, Math.ceil((this.#endsAt - performance.now()) / 1_000));
    const handlers = count(this.#running(), "handler");
    this.#stream.write(`${CLEAR_LINE}waiting for ${handlers}, ${seconds} s left`);
  }
}
