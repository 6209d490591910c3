// `npm run check:docs`: every export of mod.ts is documented, every type it mentions is public, and the examples run.
import { readdirSync, readFileSync } from "node:fs";
import { inProject, projectRoot } from "./project.ts";
import { runCommand } from "./run_command.ts";
import { ensureTool } from "./tools/tools.ts";

const deno = await ensureTool("deno");
const { code, output } = await runCommand(deno, ["doc", "--lint", "--quiet", "mod.ts"], {
  cwd: projectRoot,
  env: { ...process.env, NO_COLOR: "1" },
});
const findings = output.split(/\n(?=error\[)/).filter((part) => part.startsWith("error["));
const ours = findings.filter((finding) => !isAboutOthersType(finding));
if (code !== 0 && findings.length === 0) {
  console.error(output);
  process.exitCode = 1;
} else if (ours.length > 0) {
  console.error(`${ours.join("\n")}\n${ours.length} findings`);
  process.exitCode = 1;
} else {
  await runExamples();
}

async function runExamples(): Promise<void> {
  // The command is a program: to look for examples in it would run it.
  const library = sourceFiles().filter((file) => !file.startsWith("cli/"));
  const files = library.map((file) => `src/${file}`);
  const args = ["test", "--doc", "--allow-all", "--quiet", "mod.ts", ...files];
  const { code, output } = await runCommand(deno, args, {
    cwd: projectRoot,
    env: { ...process.env, NO_COLOR: "1" },
  });
  const ran = Number(/\| (\d+) passed/.exec(output)?.[1] ?? 0);
  if (code !== 0 || ran === 0) {
    console.error(output);
    process.exitCode = 1;
  } else {
    console.log(`documentation complete, ${ran} examples run`);
  }
}

/** A type of another package, such as a schema's, cannot be made public by us. */
function isAboutOthersType(finding: string): boolean {
  const name = /^error\[private-type-ref\].* references private type '([\w$]+)/.exec(finding)?.[1];
  if (name === undefined) return false;
  const declaration = new RegExp(
    `\\b(?:class|const|enum|function|interface|namespace|type) ${name}\\b`,
  );
  return !sources().some((source) => declaration.test(source));
}

function sources(): string[] {
  return sourceFiles().map((file) => readFileSync(inProject(`src/${file}`), "utf8"));
}

function sourceFiles(): string[] {
  const files = readdirSync(inProject("src"), { recursive: true, encoding: "utf8" });
  return files.filter((file) => file.endsWith(".ts"));
}
