import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** A file that holds the version of the package. */
interface VersionPlace {
  readonly file: string;
  /** Matches each place of the version in the file; the version is its second group. */
  readonly pattern: RegExp;
}

const places: readonly VersionPlace[] = [
  { file: "package.json", pattern: /^( {2}"version": ")([^"]+)(?=")/m },
  { file: "jsr.json", pattern: /^( {2}"version": ")([^"]+)(?=")/m },
  { file: "src/version.ts", pattern: /^(export const VERSION = ")([^"]+)(?=")/m },
  // Its head, and the entry of the package itself among those that are installed.
  { file: "package-lock.json", pattern: /^( {2}"version": ")([^"]+)(?=")/m },
  { file: "package-lock.json", pattern: /("": \{\s+"name": "[^"]+",\s+"version": ")([^"]+)(?=")/ },
];

/** The heading of what the next release has, with a line that is left empty. */
const unreleased = "## [Unreleased]\n";
const release = /^## \[(\d+\.\d+\.\d+)\] - \d{4}-\d\d-\d\d$/m;

/** The version that each file of the project in `folder` names; the changelog's is that of its last release. */
export function readVersions(
  folder: string,
): readonly (readonly [file: string, version: string])[] {
  const read = (file: string, version: string | undefined): readonly [string, string] => {
    if (version === undefined) throw new Error(`Cannot find the version in ${file}`);
    return [file, version];
  };
  const text = (file: string): string => readFileSync(join(folder, file), "utf8");
  return [
    ...places.map(({ file, pattern }) => read(file, pattern.exec(text(file))?.[2])),
    read("CHANGELOG.md", release.exec(text("CHANGELOG.md"))?.[1]),
  ];
}

/** Throws when the files name different versions; returns the version that they all name. */
export function commonVersion(folder: string): string {
  const versions = readVersions(folder);
  const [[, first] = ["", ""]] = versions;
  if (versions.every(([, version]) => version === first)) return first;
  const lines = versions.map(([file, version]) => `  ${file}: ${version}`);
  throw new Error(`The files name different versions:\n${lines.join("\n")}`);
}

/** What the changelog tells about the next release; empty when there is nothing. */
export function readUnreleased(folder: string): string {
  const [, after = ""] = readFileSync(join(folder, "CHANGELOG.md"), "utf8").split(unreleased);
  return (after.split(/^## /m)[0] ?? "").trim();
}

/** Writes the version into every file, and the heading of the release into the changelog. */
export function writeVersion(folder: string, version: string, date: string): void {
  const change = (file: string, edit: (text: string) => string): void => {
    const path = join(folder, file);
    writeFileSync(path, edit(readFileSync(path, "utf8")));
  };
  for (const { file, pattern } of places)
    change(file, (text) => text.replace(pattern, (_, before: string) => before + version));
  change("CHANGELOG.md", (text) =>
    text.replace(unreleased, `${unreleased}\n## [${version}] - ${date}\n`),
  );
}
