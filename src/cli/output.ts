import process from "node:process";

/** Prints a line on standard output, and waits until it is out. */
export function print(text: string): Promise<void> {
  return write(process.stdout, text);
}

/** Prints a line on standard error: what is not the result, so that pipes carry only that. */
export function printAside(text: string): Promise<void> {
  return write(process.stderr, text);
}

/** A text from elsewhere without what a terminal would obey: control characters are written out. */
export function printable(text: string): string {
  // oxlint-disable-next-line no-control-regex -- control characters are what it looks for
  return text.replaceAll(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g, (character) => {
    return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
  });
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
