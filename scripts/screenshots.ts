// `node --import tsx scripts/screenshots.ts`: the pictures in docs/images. Needs Chromium (Debian: apt-get install chromium).
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { takePicture } from "./browser/chromium.ts";
import { mustRun } from "./package/steps.ts";
import { inProject } from "./project.ts";

const folder = mkdtempSync(join(tmpdir(), "bgtasks-screenshots-"));
try {
  mkdirSync(inProject("docs/images"), { recursive: true });
  const page = join(folder, "tasks.html");
  const tsx = import.meta.resolve("tsx");
  const args = ["--import", tsx, inProject("src/cli/main.ts"), "docs", "--out", page];
  // It has a package.json, where the page takes its title from.
  const cwd = inProject("scripts/screenshots/shop");
  const env = { ...process.env, TSX_TSCONFIG_PATH: inProject("tsconfig.json") };
  await mustRun(process.execPath, args, { cwd, env });
  for (const scheme of ["light", "dark"]) {
    const picture = inProject(`docs/images/tasks-page-${scheme}.png`);
    await takePicture(page, picture, { dark: scheme === "dark" });
    console.log(`written to docs/images/tasks-page-${scheme}.png`);
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
