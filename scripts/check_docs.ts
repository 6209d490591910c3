// `npm run check:docs`: every export of mod.ts is documented and every type it mentions is public.
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
  console.log("documentation complete");
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
  return readdirSync(inProject("src"), { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".ts"))
    .map((file) => readFileSync(inProject(`src/${file}`), "utf8"));
}
