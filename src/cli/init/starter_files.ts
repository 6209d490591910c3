import { readFile } from "node:fs/promises";

import type { RuntimeKit } from "./runtime_kit.ts";

/**
 * The files of a new project, by their names there, and where this package keeps them. A list, as folders cannot be
 * read where the package is loaded by https; and npm leaves out files named `.gitignore`.
 */
export const STARTER_SOURCES: Readonly<Record<string, string>> = {
  ".gitignore": "gitignore",
  "README.md": "README.md",
  "docker-compose.yml": "docker-compose.yml",
  "images/tasks.ts": "images/tasks.ts",
  "users/main.ts": "users/main.ts",
  "users/users.test.ts": "users/users.test.ts",
  "users/users.ts": "users/users.ts",
};

/** What the starter's texts say differently for each runtime, as `{{run}}`. */
const PLACEHOLDERS = ["install", "run", "command"] as const;

/** The files of a new project and their texts. */
export async function starterFiles(
  folder: URL,
  kit: RuntimeKit,
  projectName: string,
): Promise<ReadonlyMap<string, string>> {
  const files = new Map<string, string>();
  for (const [name, manifest] of Object.entries(kit.manifests(projectName)))
    files.set(name, `${JSON.stringify(manifest, null, 2)}\n`);
  for (const [name, source] of Object.entries(STARTER_SOURCES)) {
    const text = await readText(new URL(source, folder));
    files.set(name, fillIn(text, kit));
  }
  return new Map([...files].sort(([a], [b]) => (a < b ? -1 : 1)));
}

function fillIn(text: string, kit: RuntimeKit): string {
  let filled = text;
  for (const key of PLACEHOLDERS) filled = filled.replaceAll(`{{${key}}}`, kit[key]);
  return filled;
}

async function readText(url: URL): Promise<string> {
  if (url.protocol === "file:") return readFile(url, "utf8");
  const response = await fetch(url);
  if (!response.ok) throw new Error(`Cannot read ${url.href}: ${response.status}`);
  return response.text();
}
