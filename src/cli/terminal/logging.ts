import process from "node:process";

import type { LogLevel, LogRecord } from "@logtape/logtape";
import { configure, getConfig, getTextFormatter } from "@logtape/logtape";

import { formatJSON } from "./json_log.ts";

import { onOneLine } from "../../messages/printable.ts";
import { printable } from "./output.ts";

const format = getTextFormatter({
  timestamp: "time",
  category: "·",
  level: "full",
  value: (value, inspect) => (typeof value === "string" ? onOneLine(value) : inspect(value)),
});

/** How the log is written: lines for people, or JSON. */
export type LogFormat = "text" | "json";

/** How to write the log. */
export interface LogOptions {
  readonly logLevel: LogLevel;
  readonly logFormat: LogFormat;
  /** Which of several processes this is: told with each record. */
  readonly process?: number | undefined;
}

/**
/**
 * A record as people read it. Parts of it may come from a peer, e.g. in the message of an exception: lines after the first
 * are indented, so that none passes for a record of its own, and what a terminal would obey is written out.
 */
export function formatRecord(record: LogRecord, label = ""): string {
  const lines = printable(format(record)).trimEnd().split("\n");
  return `${label}${lines.join("\n    ")}\n`;
}

/**
 * Writes the log, of the library and of handlers that use LogTape, to standard error, so that standard output stays for
 * what the command prints. A program that has set up LogTape itself, e.g. in a task module, keeps that.
 */
export async function configureLogging({
  logLevel,
  logFormat,
  process: number,
}: LogOptions): Promise<void> {
  if (getConfig() !== null) return;
  const label = number === undefined ? "" : `[${number}] `;
  const write = (record: LogRecord) =>
    void process.stderr.write(
      logFormat === "json" ? formatJSON(record, number) : formatRecord(record, label),
    );
  await configure({
    sinks: { stderr: write },
    loggers: [
      { category: [], sinks: ["stderr"], lowestLevel: logLevel },
      { category: ["logtape", "meta"], sinks: [], lowestLevel: "warning" },
    ],
  });
}
