import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const root = new URL("../../", import.meta.url);

/** One TypeScript block of a document. */
export interface Snippet {
  /** Where it begins. */
  readonly line: number;
  readonly code: string;
  /** The file that its first line names, as in `// images/tasks.ts`; undefined for a program of its own. */
  readonly file: string | undefined;
}

/** The documents of this repository that hold TypeScript, by their paths from the root. */
export function documents(): string[] {
  const docs = readdirSync(new URL("docs", root)).filter((name) => name.endsWith(".md"));
  return ["README.md", ...docs.sort().map((name) => `docs/${name}`)].filter(
    (path) => readSnippets(path).length > 0,
  );
}

/** The blocks of a document marked `ts`; one marked `ts no-run` is left out. */
export function readSnippets(path: string): Snippet[] {
  const text = readDocument(path);
  return [...text.matchAll(/^```ts\n([^]*?)^```$/gm)].map(({ 1: code = "", index }) => ({
    line: text.slice(0, index).split("\n").length,
    code,
    file: /^\/\/ (\S+\.ts)\n/.exec(code)?.[1],
  }));
}

/** The text of a document's blocks of another language. */
export function readBlocks(path: string, language: string): string[] {
  const pattern = new RegExp(`^\`\`\`${language}\\n([^]*?)^\`\`\`$`, "gm");
  return [...readDocument(path).matchAll(pattern)].map(([, text = ""]) => text);
}

/** Programs of a document: a block without an import continues the one above it. */
export function readPrograms(path: string): Snippet[] {
  const programs: Snippet[] = [];
  for (const snippet of readSnippets(path)) {
    if (snippet.file !== undefined) continue;
    const before = programs.at(-1);
    if (before && !/^import /m.test(snippet.code)) {
      programs[programs.length - 1] = { ...before, code: before.code + snippet.code };
    } else {
      programs.push(snippet);
    }
  }
  return programs;
}

export function readDocument(path: string): string {
  return readFileSync(new URL(path, root), "utf8");
}

/** A folder for the code of one document, inside the repository so that "bgtasks" is found. Git ignores it. */
export function snippetFolder(): string {
  return fileURLToPath(new URL(`.snippets/${crypto.randomUUID()}/`, root));
}
