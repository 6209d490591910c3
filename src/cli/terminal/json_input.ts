import { Buffer } from "node:buffer";
import process from "node:process";

import { CommandFailure, ExitCode } from "./exit_code.ts";
import { findJSONFault } from "./json_fault.ts";
import { printable } from "./output.ts";

/** How much of a long line to show on either side of a fault, in characters. */
const CONTEXT = 36;

/**
 * The input that was given on the command line: JSON, `-` for standard input, or nothing.
 *
 * @throws CommandFailure that points at the first place that is not JSON
 */
export async function readJSONInput(argument: string | undefined): Promise<unknown> {
  if (argument === undefined) return undefined;
  if (argument !== "-") return parse(argument, "the input");
  return parse(await readStandardInput(), "standard input");
}

/**
 * Refuses an input that the shell made several arguments of, and says how it is quoted.
 *
 * @param command what takes a route and an input, e.g. `call`
 * @param args the route and what came after it
 */
export function refuseParts(command: string, [route = "", ...parts]: readonly string[]): void {
  if (parts.length < 2) return;
  const whole = parts.join(" ");
  const remedy = whole.includes("'")
    ? `Put it into a file, and read that: bgtasks ${command} ${route} - < input.json`
    : `Put quotes around the whole: bgtasks ${command} ${route} '${whole}'`;
  throw new CommandFailure(
    ExitCode.USAGE,
    printable(
      `Cannot read the input as JSON: the shell made ${parts.length} arguments of it\n  ${remedy}`,
    ),
  );
}

async function readStandardInput(): Promise<string> {
  if (process.stdin.isTTY) process.stderr.write("Type JSON, then Ctrl-D.\n");
  const chunks: Uint8Array[] = [];
  for await (const chunk of process.stdin) chunks.push(chunk as Uint8Array);
  const bytes = Buffer.concat(chunks);
  try {
    // An editor's byte order mark is dropped.
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    const what = `${bytes.length} bytes that are not UTF-8`;
    throw new CommandFailure(ExitCode.USAGE, `Cannot read standard input as JSON: ${what}`);
  }
}

function parse(text: string, name: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new CommandFailure(ExitCode.USAGE, `Cannot read ${name} as JSON: ${describe(text)}`);
  }
}

function describe(text: string): string {
  if (text.trim() === "") return "it is empty";
  const { offset, problem } = findJSONFault(text) ?? { offset: 0, problem: "it is none" };
  const lineStart = text.lastIndexOf("\n", offset - 1) + 1;
  const lineEnd = text.indexOf("\n", offset);
  const line = text.slice(lineStart, lineEnd < 0 ? undefined : lineEnd);
  const column = offset - lineStart;
  const place = `line ${text.slice(0, lineStart).split("\n").length}, column ${column + 1}`;
  return `${problem} (${place})\n${point(line, column)}${hint(text)}`;
}

/** The line with a caret below the place; of a long one the part around it. */
function point(line: string, column: number): string {
  const from = column > 2 * CONTEXT ? column - CONTEXT : 0;
  const to = Math.max(from, column) + CONTEXT;
  const before = `${from > 0 ? "…" : ""}${printable(line.slice(from, column)).replaceAll("\t", " ")}`;
  const after = printable(line.slice(column, to)).replaceAll("\t", " ");
  return `  ${before}${after}${to < line.length ? "…" : ""}\n  ${" ".repeat(before.length)}^`;
}

function hint(text: string): string {
  const word = text.trim();
  if (/^[\p{L}_][\p{L}\d _@.-]*$/u.test(word)) {
    return `\n  Text takes quotes, and those of the shell around them: '"${word}"'`;
  }
  if (/^[{[].*[a-z]/is.test(word) && !/["']/.test(word)) {
    return `\n  Shells take double quotes away: put single ones around the whole, as in '{"id": 1}'`;
  }
  return "";
}
