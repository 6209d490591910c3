import { configure, reset } from "@logtape/logtape";

/** Counts what the library logs, which without a log would go to standard error. */
export class CountedLog implements AsyncDisposable {
  records = 0;

  static async start(): Promise<CountedLog> {
    const log = new CountedLog();
    await configure({
      sinks: { count: () => void log.records++ },
      loggers: [
        { category: "bgtasks", sinks: ["count"], lowestLevel: "warning" },
        { category: ["logtape", "meta"], sinks: [] },
      ],
    });
    return log;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await reset();
  }
}
