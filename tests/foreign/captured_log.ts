import type { LogLevel, LogRecord } from "@logtape/logtape";
import { configure, reset } from "@logtape/logtape";

/** What the library logs from a level on, until disposed. */
export class CapturedLog implements AsyncDisposable {
  readonly #records: LogRecord[] = [];

  static async start(lowestLevel: LogLevel = "warning"): Promise<CapturedLog> {
    const log = new CapturedLog();
    await configure({
      sinks: { memory: (record) => log.#records.push(record) },
      loggers: [
        { category: ["bgtasks"], sinks: ["memory"], lowestLevel },
        { category: ["logtape", "meta"], sinks: [] },
      ],
      reset: true,
    });
    return log;
  }

  /** The messages that hold every one of these texts. */
  messages(...texts: readonly string[]): string[] {
    return this.#records
      .map(({ message }) => message.map(String).join(""))
      .filter((message) => texts.every((text) => message.includes(text)));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return reset();
  }
}
