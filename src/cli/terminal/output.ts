import process from "node:process";

import { ExitCode } from "./exit_code.ts";

export { printable } from "../../messages/printable.ts";

/** What a write says when whoever read has left: the end of a pipe, or a terminal that was closed. */
const NOBODY_READS = new Set(["EPIPE", "EIO", "ERR_STREAM_DESTROYED"]);

/**
 * Goes on when nobody reads what this process prints, as in `bgtasks worker | head`: a worker has handlers to finish. What
 * cannot be written for another reason, e.g. a full disk, makes the command fail in the end.
 */
export function outliveReaders(): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on("error", (error: NodeJS.ErrnoException) => {
      if (!NOBODY_READS.has(error.code ?? "")) process.exitCode = ExitCode.FAILED;
    });
  }
}

/** Prints a line on standard output, and waits until it is out. */
export function print(text: string): Promise<void> {
  return write(process.stdout, text);
}

/** Prints a line on standard error: what is not the result, so that pipes carry only that. */
export function printAside(text: string): Promise<void> {
  return write(process.stderr, text);
}

/** `1 consumer`, `2 consumers`. */
export function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? "" : "s"}`;
}

/** Rows of two columns, the first as wide as its longest text. */
export function columns(rows: readonly (readonly [string, string])[], indent = "  "): string {
  const width = Math.max(...rows.map(([name]) => name.length));
  return rows
    .map(([name, text]) => {
      const lines = text.split("\n").join(`\n${indent}${" ".repeat(width + 2)}`);
      return `${indent}${name.padEnd(width)}  ${lines}`.trimEnd();
    })
    .join("\n");
}

function write(stream: NodeJS.WriteStream, text: string): Promise<void> {
  return new Promise((resolve) => {
    stream.write(`${text}\n`, () => resolve());
  });
}
