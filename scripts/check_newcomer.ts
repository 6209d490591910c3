// `npm run check -- newcomer [tool…]`: from an empty folder to the first call, with the packed package, on each runtime.
// Keeps what it saw in docs/first-ten-minutes.md, if it looked at all of them.
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { arch, availableParallelism, platform, tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";

import { findServerFolder, startPrivateNode } from "./broker/private_node.ts";
import { onInterrupt } from "./cleanup.ts";
import { LocalRegistry } from "./newcomer/local_registry.ts";
import type { Newcomer } from "./newcomer/newcomers.ts";
import { newcomers } from "./newcomer/newcomers.ts";
import type { SessionReport } from "./newcomer/report.ts";
import { writeReport } from "./newcomer/report.ts";
import { Session } from "./newcomer/session.ts";
import { mustRun } from "./package/steps.ts";
import { inProject, projectRoot } from "./project.ts";
import { ensureTools } from "./tools/tools.ts";

const wanted = process.argv.slice(2);
const chosen = newcomers.filter(({ tool }) => wanted.length === 0 || wanted.includes(tool));
if (findServerFolder() === undefined) throw new Error("rabbitmq-server is not installed");
const tools = await ensureTools(chosen.map(({ tool }) => tool));
const manifest = JSON.parse(readFileSync(inProject("package.json"), "utf8")) as {
  name: string;
  version: string;
};
const folder = mkdtempSync(join(tmpdir(), "bgtasks-newcomer-"));
const removeFolder = (): void => rmSync(folder, { recursive: true, force: true });
onInterrupt(async () => removeFolder());

const broker = await startPrivateNode({});
try {
  await mustRun("npm", ["pack", "--silent", "--pack-destination", folder], { cwd: projectRoot });
  const tarball = join(folder, `${manifest.name}-${manifest.version}.tgz`);
  const elsewhere = (await mustRun("npm", ["config", "get", "registry"])).trim();
  await using registry = await LocalRegistry.start(manifest, tarball, elsewhere);
  const reports: SessionReport[] = [];
  for (const newcomer of chosen) {
    const report = await beNewcomer(newcomer, registry.url);
    const secrets = [
      [join(folder, newcomer.tool, "home"), "/home/you"],
      [broker.url.replace(/.*@/, ""), "127.0.0.1:5672"],
    ] as const;
    reports.push(withoutPlaces(report, secrets));
    const seconds = report.steps.reduce((sum, step) => sum + step.seconds, 0);
    console.log(`${report.runtime}: ${report.steps.length} steps in ${seconds.toFixed(1)} s`);
  }
  if (wanted.length === 0) await keep(reports, [folder, elsewhere, registry.url, projectRoot]);
} finally {
  await broker.stop();
  removeFolder();
}

/** From an empty folder to the first call. */
async function beNewcomer(newcomer: Newcomer, registry: string): Promise<SessionReport> {
  const { tool, names, init, install, run, command } = newcomer;
  const own = join(folder, tool);
  const [home, bin] = [join(own, "home"), join(own, "bin")];
  for (const path of [home, bin]) mkdirSync(path, { recursive: true });
  for (const name of names) symlinkSync(tools[tool] ?? tool, join(bin, name));
  const version = (await mustRun(tools[tool] ?? tool, ["--version"])).match(/\d+\.\d+\.\d+/)?.[0];
  const session = new Session(home, environment(own, bin, registry));

  await session.run(init, /To run them:/);
  session.folder = join(home, "shop");
  await session.run(install, /(?:)/);
  await session.run(`${run} test`, /# pass 2|\b2 pass\b|\(2 steps\)|ℹ pass 2/);
  await session.run(`${run} typecheck`, /(?:)/);
  const worker = await session.start(`${run} worker`, /Ready\b.*\n/);
  try {
    await session.run(
      `${run} start`,
      /image 1 is \/images\/tom\.jpg\n[^]*Tom has \/images\/tom\.jpg\n[^]*Ann has no image/,
    );
    await session.run(`${command} call images.byIds '[1, 2]'`, /"path": "\/images\/bob\.jpg"/);
  } finally {
    worker.interrupt();
    await worker.ended();
  }
  if (!worker.output.includes("Stopped.")) throw new Error(`not drained:\n${worker.output}`);
  return { runtime: `${newcomer.runtime} ${version}`, steps: session.steps };
}

/** Ours without what npm told us, with homes and caches that nobody has used yet. */
function environment(own: string, bin: string, registry: string): NodeJS.ProcessEnv {
  const inherited = Object.entries(process.env).filter(
    ([name]) => !/^(?:npm_|AMQP_|ENVIRONMENT$)/i.test(name),
  );
  return {
    ...Object.fromEntries(inherited),
    HOME: join(own, "home"),
    PATH: [bin, dirname(process.execPath), "/usr/local/bin", "/usr/bin", "/bin"].join(delimiter),
    NO_COLOR: "1",
    AMQP_URL: broker.url,
    NPM_CONFIG_REGISTRY: registry,
    NPM_CONFIG_CACHE: join(own, "npm-cache"),
    NPM_CONFIG_UPDATE_NOTIFIER: "false",
    DENO_DIR: join(own, "deno-cache"),
    DENO_NO_UPDATE_CHECK: "1",
    BUN_INSTALL_CACHE_DIR: join(own, "bun-cache"),
    TMPDIR: own,
  };
}

function withoutPlaces(
  report: SessionReport,
  places: readonly (readonly [string, string])[],
): SessionReport {
  const steps = report.steps.map((step) => {
    let { output } = step;
    for (const [place, shown] of places) output = output.replaceAll(place, shown);
    // Deno tells where it gets each package from.
    output = output.replaceAll(/^Download .*\n/gm, "");
    return { ...step, output: output.replaceAll(/\b\d\d:\d\d:\d\d\.\d+/g, "12:00:00.000") };
  });
  return { ...report, steps };
}

async function keep(reports: readonly SessionReport[], secrets: readonly string[]): Promise<void> {
  const cores = availableParallelism();
  const page = writeReport(reports, `${platform()} ${arch()} with ${cores} cores`);
  const found = secrets.filter((secret) => page.includes(secret.replace(/\/$/, "")));
  if (found.length > 0) throw new Error(`in the report is ${found.join(", ")}:\n${page}`);
  const path = inProject("docs/first-ten-minutes.md");
  writeFileSync(path, page);
  await mustRun(inProject("node_modules/.bin/oxfmt"), [path]);
  console.log("written to docs/first-ten-minutes.md");
}
