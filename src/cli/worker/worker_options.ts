import type { LogLevel } from "@logtape/logtape";

import type { LogFormat } from "../terminal/logging.ts";

/** What `bgtasks worker` was told. */
export interface WorkerCommandOptions {
  readonly tasks?: readonly string[];
  readonly concurrency: number;
  /** In milliseconds. */
  readonly drainTimeout: number;
  readonly url?: string;
  /** What the broker calls the connection. */
  readonly name?: string;
  /** Prefixes of further reply queues. */
  readonly allowReplyTo?: readonly string[];
  readonly logLevel: LogLevel;
  readonly logFormat: LogFormat;
  readonly watch?: boolean;
  readonly processes?: number;
}

/** The options for a process that serves by itself. */
export function optionsOfOne(options: WorkerCommandOptions): string[] {
  const { tasks = [], concurrency, drainTimeout, url, name, logLevel, logFormat } = options;
  const { allowReplyTo = [] } = options;
  return [
    ...tasks.flatMap((glob) => ["--tasks", glob]),
    ...["--concurrency", String(concurrency)],
    ...["--drain-timeout", `${drainTimeout}ms`],
    ...["--log-level", logLevel],
    ...["--log-format", logFormat],
    ...(name === undefined ? [] : ["--name", name]),
    ...allowReplyTo.flatMap((prefix) => ["--allow-reply-to", prefix]),
    ...(url === undefined ? [] : ["--url", url]),
  ];
}
