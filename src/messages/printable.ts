/** What a terminal obeys, what ends a line, and what turns the direction of the text around it. */
// oxlint-disable-next-line no-control-regex -- control characters are what it looks for
const NOT_PRINTABLE = /[\u0000-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069]/g;

/**
 * A text from elsewhere on one line: line ends and control characters are written out, so that it can neither begin a
 * line of a log nor give orders to a terminal.
 */
export function onOneLine(text: string): string {
  return text.replace(NOT_PRINTABLE, escapeCharacter);
}

/** Control characters written out, but for line ends and tabs. */
export function printable(text: string): string {
  return text.replace(NOT_PRINTABLE, (character) =>
    character === "\n" || character === "\t" ? character : escapeCharacter(character),
  );
}

/** The beginning of a text from elsewhere in quotes, for a message. */
export function quote(text: string, longest = 100): string {
  return `"${onOneLine(text.slice(0, longest))}${text.length > longest ? "…" : ""}"`;
}

/** What was thrown, in words. It may be anything, also what throws when it is looked at. */
export function describeThrown(thrown: unknown): string {
  try {
    return thrown instanceof Error ? thrown.message : String(thrown);
  } catch {
    return "what was thrown cannot be written as text";
  }
}

function escapeCharacter(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
}
