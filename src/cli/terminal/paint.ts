import process from "node:process";

const CODES = { bold: 1, dim: 2, red: 31, green: 32, yellow: 33, cyan: 36 } as const;

/** Colours, or none. */
export type Paint = (style: keyof typeof CODES, text: string) => string;

/** Colours for a stream that is a terminal. `NO_COLOR` and `FORCE_COLOR` have the last word: https://no-color.org */
export function paintFor(
  stream: { readonly isTTY?: boolean | undefined },
  environment: Readonly<Record<string, string | undefined>> = process.env,
): Paint {
  return usesColours(stream, environment)
    ? (style, text) => `\u001b[${CODES[style]}m${text}\u001b[0m`
    : (_style, text) => text;
}

function usesColours(
  { isTTY = false }: { readonly isTTY?: boolean | undefined },
  { NO_COLOR, FORCE_COLOR, TERM }: Readonly<Record<string, string | undefined>>,
): boolean {
  if (NO_COLOR) return false;
  if (FORCE_COLOR) return FORCE_COLOR !== "0";
  return isTTY && TERM !== "dumb";
}
