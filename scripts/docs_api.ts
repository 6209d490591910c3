// `npm run docs:api`: writes a page for each public name into docs/api, which git ignores. Fails when an export has no
// documentation.
import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { docFindings } from "./docs/doc_findings.ts";
import { inProject, projectRoot } from "./project.ts";
import { runCommand } from "./run_command.ts";
import { ensureTool } from "./tools/tools.ts";

const folder = inProject("docs/api");
const deno = await ensureTool("deno");
const findings = await docFindings(deno);
if (findings.length > 0) fail(`${findings.join("\n")}\n${findings.length} findings`);

rmSync(folder, { recursive: true, force: true });
const args = ["doc", "--html", "--quiet", "--name=bgtasks", `--output=${folder}`, "mod.ts"];
const { code, output } = await runCommand(deno, args, { cwd: projectRoot });
if (code !== 0) fail(output);

const pages = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((file) =>
  file.endsWith(".html"),
);
for (const page of pages) {
  const file = join(folder, page);
  // Deno knows where it read the names from, not what users import them from.
  const html = readFileSync(file, "utf8").replaceAll(
    `from &quot;.&quot;`,
    "from &quot;bgtasks&quot;",
  );
  writeFileSync(file, html);
}
console.log(`${pages.length} pages: ${join(folder, "index.html")}`);

function fail(message: string): never {
  console.error(message);
  process.exit(1);
}
