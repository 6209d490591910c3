import process from "node:process";

/** Tells on a terminal how far a stream is, ten times a second at most; elsewhere nothing until the end. */
export class Progress {
  readonly #since = performance.now();
  #shownAt = 0;

  show(rows: number, calls: number): void {
    const now = performance.now();
    if (!process.stderr.isTTY || now - this.#shownAt < 100) return;
    this.#shownAt = now;
    process.stderr.write(`\r${this.#line(rows, calls)}   `);
  }

  /** The last line, which stays. */
  end(rows: number, calls: number): string {
    if (process.stderr.isTTY) process.stderr.write("\r\x1b[2K");
    return this.#line(rows, calls);
  }

  #line(rows: number, calls: number): string {
    const seconds = (performance.now() - this.#since) / 1_000;
    const memory = process.memoryUsage().rss / 2 ** 20;
    return [
      `${rows.toLocaleString("en")} rows`,
      `${Math.round(rows / seconds).toLocaleString("en")} rows/s`,
      `${calls} calls`,
      `${memory.toFixed(0)} MB`,
      `${seconds.toFixed(2)} s`,
    ].join(" · ");
  }
}
