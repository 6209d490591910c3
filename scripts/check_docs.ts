// `npm run check -- docs`: every export of mod.ts is documented, every type it mentions is public, and the examples run.
import { docFindings, sourceFiles } from "./docs/doc_findings.ts";
import { projectRoot } from "./project.ts";
import { runCommand } from "./run_command.ts";
import { ensureTool } from "./tools/tools.ts";

const deno = await ensureTool("deno");
const findings = await docFindings(deno);
if (findings.length > 0) {
  console.error(`${findings.join("\n")}\n${findings.length} findings`);
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
