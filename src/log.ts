import type { Logger } from "@logtape/logtape";
import { getLogger } from "@logtape/logtape";

import { onOneLine } from "./wire/printable.ts";

type Level = "debug" | "info" | "warn" | "error";

/** What the library's own messages go to. */
export type PartLogger = Readonly<
  Record<Level, (message: string, properties?: Readonly<Record<string, unknown>>) => void>
> & {
  /** Whether anybody reads messages of this level. */
  isEnabledFor(level: Level): boolean;
};

/**
 * The logger of one part of the library: category `["bgtasks", part]`. LogTape writes nothing until the
 * application configures it.
 *
 * Texts among the properties may come from a peer, so they are on one line in the record. Nothing that the application
 * configured, e.g. a filter, throws into the library.
 */
export function logger(
  part: "client" | "worker" | "amqp" | "loopback" | "tasks" | "serializers",
): PartLogger {
  const target = getLogger(["bgtasks", part]);
  const at =
    (level: Level) =>
    (message: string, properties: Readonly<Record<string, unknown>> = {}): void =>
      write(target, level, message, properties);
  return {
    debug: at("debug"),
    info: at("info"),
    warn: at("warn"),
    error: at("error"),
    isEnabledFor: (level) => isEnabledFor(target, level),
  };
}

function isEnabledFor(target: Logger, level: Level): boolean {
  try {
    return target.isEnabledFor(level === "warn" ? "warning" : level);
  } catch {
    return false;
  }
}

function write(
  target: Logger,
  level: Level,
  message: string,
  properties: Readonly<Record<string, unknown>>,
): void {
  if (!isEnabledFor(target, level)) return;
  try {
    const entries = Object.entries(properties).map(([name, value]): [string, unknown] => [
      name,
      typeof value === "string" ? onOneLine(value) : value,
    ]);
    target[level](message, Object.fromEntries(entries));
  } catch {
    // LogTape catches what a sink throws, and not what a filter does. There is nobody left to tell.
  }
}
