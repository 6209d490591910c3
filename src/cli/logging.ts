import process from "node:process";

import type { LogLevel, LogRecord } from "@logtape/logtape";
import { configure, getTextFormatter } from "@logtape/logtape";

const format = getTextFormatter({
  timestamp: "time",
  category: "·",
  level: "full",
  value: (value, inspect) => (typeof value === "string" ? value : inspect(value)),
});

/**
 * Writes the library's log to standard error, so that standard output stays for what the command prints.
 *
 * @param label goes before each line, to tell processes apart
 */
export async function configureLogging(lowestLevel: LogLevel, label = ""): Promise<void> {
  const write = (record: LogRecord) => void process.stderr.write(`${label}${format(record)}`);
  const sinks = { stderr: write };
  await configure({
    sinks,
    loggers: [
      { category: "bgtasks", sinks: ["stderr"], lowestLevel },
      { category: ["logtape", "meta"], sinks: ["stderr"], lowestLevel: "warning" },
    ],
  });
}
