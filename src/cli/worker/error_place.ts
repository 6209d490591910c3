import { relative } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";

/** `file:///shop/tasks.ts:3:7` or `/shop/tasks.ts:3:7`, with whatever a loader has put behind the name. */
const PLACE = /(file:\/\/\/[^\s()?"']+|\/[^\s()?:"']+)(?:\?[^\s():]*)?:(\d+)(?::(\d+))?/g;

/** Where in the project something was thrown, as `images/tasks.ts:3:7`; `path` alone when that is unknown. */
export function errorPlace(error: unknown, path: string): string {
  const places = findPlaces(error);
  const own = places.find(({ file }) => file === path) ?? places.find(({ file }) => isOurs(file));
  if (!own) return relative(process.cwd(), path);
  return [relative(process.cwd(), own.file), own.line, own.column].filter(Boolean).join(":");
}

interface Place {
  readonly file: string;
  readonly line: string;
  readonly column: string | undefined;
}

function findPlaces(error: unknown): Place[] {
  const { stack = "", message = "" } = error instanceof Error ? error : {};
  // Bun tells the place of a syntax error apart from its text.
  const { position } = error as { position?: { file?: string; line?: number; column?: number } };
  const places = [...`${message}\n${stack}`.matchAll(PLACE)].map(
    ([, name = "", line = "", column]) => ({
      file: name.startsWith("file:") ? fileURLToPath(name) : name,
      line,
      column,
    }),
  );
  if (position?.file === undefined || !position.line) return places;
  const { file, line, column } = position;
  return [{ file, line: String(line), column: column ? String(column) : undefined }, ...places];
}

function isOurs(file: string): boolean {
  return file.startsWith(`${process.cwd()}/`) && !file.includes("/node_modules/");
}
