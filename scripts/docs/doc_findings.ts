import { readdirSync, readFileSync } from "node:fs";

import { inProject, projectRoot } from "../project.ts";
import { runCommand } from "../run_command.ts";

/** What Deno's linter misses in the documentation of mod.ts: exports without any, and types of ours that are not public. */
export async function docFindings(deno: string): Promise<string[]> {
  const { code, output } = await runCommand(deno, ["doc", "--lint", "--quiet", "mod.ts"], {
    cwd: projectRoot,
    env: { ...process.env, NO_COLOR: "1" },
  });
  const findings = output.split(/\n(?=error\[)/).filter((part) => part.startsWith("error["));
  if (code !== 0 && findings.length === 0) return [output];
  return findings.filter((finding) => !isAboutOthersType(finding));
}

/** The files of src/, relative to it. */
export function sourceFiles(): string[] {
  const files = readdirSync(inProject("src"), { recursive: true, encoding: "utf8" });
  return files.filter((file) => file.endsWith(".ts"));
}

/** A type of another package, such as a schema's, cannot be made public by us. */
function isAboutOthersType(finding: string): boolean {
  const name = /^error\[private-type-ref\].* references private type '([\w$]+)/.exec(finding)?.[1];
  if (name === undefined) return false;
  const declaration = new RegExp(
    `\\b(?:class|const|enum|function|interface|namespace|type) ${name}\\b`,
  );
  return !sourceFiles().some((file) =>
    declaration.test(readFileSync(inProject(`src/${file}`), "utf8")),
  );
}
