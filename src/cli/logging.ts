import process from "node:process";

import type { LogLevel, LogRecord } from "@logtape/logtape";
import { configure, getTextFormatter } from "@logtape/logtape";

import { onOneLine } from "../wire/printable.ts";
import { printable } from "./output.ts";

const format = getTextFormatter({
  timestamp: "time",
  category: "·",
  level: "full",
  value: (value, inspect) => (typeof value === "string" ? onOneLine(value) : inspect(value)),
});

/**
 * A record as people read it. Parts of it may come from a peer, e.g. in the message of an exception: lines after the first
 * are indented, so that none passes for a record of its own, and what a terminal would obey is written out.
 */
export function formatRecord(record: LogRecord, label = ""): string {
  const lines = printable(format(record)).trimEnd().split("\n");
  return `${label}${lines.join("\n    ")}\n`;
}

/**
 * Writes the library's log to standard error, so that standard output stays for what the command prints.
 *
 * @param label goes before each line, to tell processes apart
 */
export async function configureLogging(lowestLevel: LogLevel, label = ""): Promise<void> {
  const write = (record: LogRecord) => void process.stderr.write(formatRecord(record, label));
  const sinks = { stderr: write };
  await configure({
    sinks,
    loggers: [
      { category: "bgtasks", sinks: ["stderr"], lowestLevel },
      { category: ["logtape", "meta"], sinks: ["stderr"], lowestLevel: "warning" },
    ],
  });
}
