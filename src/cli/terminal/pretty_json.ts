import type { Paint } from "./paint.ts";

/** A name or string, a word, a number. */
const TOKEN = /("(?:[^"\\]|\\.)*")(:)?|\b(?:true|false|null)\b|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g;

/** JSON over several lines, for people. */
export function prettyJSON(value: unknown, paint: Paint): string {
  const text = JSON.stringify(value, null, 2) ?? "null";
  return text.replaceAll(TOKEN, (token, string?: string, colon?: string) => {
    if (string === undefined) return paint("yellow", token);
    return colon === undefined ? paint("green", token) : `${paint("cyan", string)}:`;
  });
}
