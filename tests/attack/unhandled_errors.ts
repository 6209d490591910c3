import process from "node:process";

/** Rejections and exceptions that nobody handled, in this process, until disposed. */
export class UnhandledErrors implements Disposable {
  readonly #texts: string[] = [];
  readonly #onError = (error: unknown): void => {
    this.#texts.push(error instanceof Error ? (error.stack ?? error.message) : String(error));
  };
  /** Deno hears of a rejection by its own event alone, and would end. */
  readonly #onRejection = (event: Event): void => {
    event.preventDefault();
    this.#onError((event as Event & { readonly reason: unknown }).reason);
  };

  constructor() {
    process.on("unhandledRejection", this.#onError);
    process.on("uncaughtException", this.#onError);
    if (process.versions["deno"]) addEventListener("unhandledrejection", this.#onRejection);
  }

  get count(): number {
    return this.#texts.length;
  }

  /** What came since the last question, each kind once. */
  take(): string[] {
    return [...new Set(this.#texts.splice(0))];
  }

  [Symbol.dispose](): void {
    process.off("unhandledRejection", this.#onError);
    process.off("uncaughtException", this.#onError);
    if (process.versions["deno"]) removeEventListener("unhandledrejection", this.#onRejection);
  }
}
