import { readFileSync } from "node:fs";
import { inProject } from "../project.ts";

interface Manifest {
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly imports?: Readonly<Record<string, string>>;
}

/** Throws when package.json and jsr.json differ in their dependencies, naming each difference. */
export function compareManifests(): void {
  const npm = readManifest("package.json");
  const jsr = readManifest("jsr.json");
  const expected = Object.entries(npm.dependencies ?? {}).map(
    ([name, range]) => `${name}: npm:${name}@${range}`,
  );
  const actual = Object.entries(jsr.imports ?? {}).map(([name, target]) => `${name}: ${target}`);
  const differences = [
    ...expected
      .filter((line) => !actual.includes(line))
      .map((line) => `missing in jsr.json: ${line}`),
    ...actual.filter((line) => !expected.includes(line)).map((line) => `only in jsr.json: ${line}`),
  ];
  if (differences.length > 0) {
    throw new Error(`package.json and jsr.json differ:\n${differences.join("\n")}`);
  }
}

function readManifest(file: string): Manifest {
  return JSON.parse(readFileSync(inProject(file), "utf8")) as Manifest;
}
