import type { Logger } from "@logtape/logtape";

import { onOneLine } from "./messages/printable.ts";

type Level = "debug" | "info" | "warn" | "error";

/** What the library's own messages go to. */
export type PartLogger = Readonly<
  Record<Level, (message: string, properties?: Readonly<Record<string, unknown>>) => void>
> & {
  /** Whether anybody reads messages of this level. */
  isEnabledFor(level: Level): boolean;
};

/**
 * Where LogTape keeps its root logger, so that all its copies in a process share one. It is there from when a program
 * first asks LogTape for a logger or configures it. Before that nobody reads what we would write.
 */
const ROOT = Symbol.for("logtape.rootLogger");

/**
 * The logger of one part of the library: category `["bgtasks", part]` of the LogTape that the program has loaded. We load
 * none ourselves, because that would be a third of what a web page gets.
 *
 * Texts among the properties may come from a peer, so they are on one line in the record. Nothing that the application
 * configured, e.g. a filter, throws into the library.
 */
export function logger(
  part: "client" | "worker" | "jobs" | "amqp" | "loopback" | "tasks" | "serializers",
): PartLogger {
  let root: unknown;
  let target: Logger | undefined;
  const find = (): Logger | undefined => {
    const current = (globalThis as LogTapeGlobals)[ROOT];
    if (current === root) return target;
    root = current;
    // Held here, because LogTape itself holds a logger without sinks weakly.
    target = current?.getChild(["bgtasks", part]);
    return target;
  };
  const at =
    (level: Level) =>
    (message: string, properties: Readonly<Record<string, unknown>> = {}): void =>
      write(find(), level, message, properties);
  return {
    debug: at("debug"),
    info: at("info"),
    warn: at("warn"),
    error: at("error"),
    isEnabledFor: (level) => isEnabledFor(find(), level),
  };
}

/** @ignore What LogTape leaves on the global object. */
interface LogTapeGlobals {
  readonly [ROOT]?: Logger;
}

function isEnabledFor(target: Logger | undefined, level: Level): boolean {
  if (target === undefined) return false;
  try {
    return target.isEnabledFor(level === "warn" ? "warning" : level);
  } catch {
    return false;
  }
}

function write(
  target: Logger | undefined,
  level: Level,
  message: string,
  properties: Readonly<Record<string, unknown>>,
): void {
  if (target === undefined || !isEnabledFor(target, level)) return;
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
