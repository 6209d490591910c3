import { existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { inProject } from "../project.ts";
import { runCommand } from "../run_command.ts";

interface Tool {
  /** The npm package that holds the binary for this machine, so that no install script has to run. */
  readonly npm: string;
  readonly version: string;
  /** Where the binary is inside that package. */
  readonly binary: string;
}

const { platform, arch } = process;
const windows = platform === "win32";
const exe = windows ? ".exe" : "";
const glibc = platform === "linux" ? "-glibc" : "";

const deno = (version: string): Tool => ({
  npm: `@deno/${platform}-${arch}${glibc}`,
  version,
  binary: `deno${exe}`,
});

const bun = (version: string): Tool => ({
  npm: `@oven/bun-${windows ? "windows" : platform}-${arch === "arm64" ? "aarch64" : arch}${lacksAvx2() ? "-baseline" : ""}`,
  version,
  binary: `bin/bun${exe}`,
});

const node = (version: string): Tool => ({
  npm: `node-${windows ? "win" : platform}-${arch}`,
  version,
  binary: `bin/node${exe}`,
});

const typescript = (version: string): Tool => ({ npm: "typescript", version, binary: "bin/tsc" });

/**
 * The runtimes the tests run on beside the one that is installed, and older compilers. Never devDependencies: their
 * commands would shadow the user's own, and the project's `tsc`.
 */
export const tools: Readonly<Record<string, Tool>> = {
  node20: node("20.20.2"),
  node22: node("22.23.3"),
  node24: node("24.21.0"),
  node26: node("26.10.0"),
  deno: deno("2.9.6"),
  bun: bun("1.4.5"),
  typescript54: typescript("5.4.5"),
  typescript59: typescript("5.9.3"),
};

/** The newest Node of the list. */
export const newestNode = "node26";

const folder = inProject(".tools");

/** The binary of a tool; Node 20 is the running one when that is a Node 20. */
function toolPath(name: string): string {
  if (name === `node${runningNode()}`) return process.execPath;
  return installedPath(name);
}

/** Installs those tools that are missing into .tools and returns their paths. */
export async function ensureTools(
  names: readonly string[],
): Promise<Readonly<Record<string, string>>> {
  const wanted = names.filter((name) => toolPath(name) !== process.execPath);
  const missing = wanted.filter((name) => !isInstalled(name));
  if (missing.length > 0) {
    console.log(
      `installing ${missing.map((name) => `${name} ${find(name).version}`).join(", ")} into .tools`,
    );
    await install([...new Set([...wanted, ...Object.keys(tools).filter(isInstalled)])]);
  }
  return Object.fromEntries(names.map((name) => [name, toolPath(name)]));
}

/** Installs a tool when it is missing and returns its path. */
export async function ensureTool(name: string): Promise<string> {
  await ensureTools([name]);
  return toolPath(name);
}

async function install(names: readonly string[]): Promise<void> {
  const dependencies = Object.fromEntries(
    names.map((name) => [name, `npm:${find(name).npm}@${find(name).version}`]),
  );
  mkdirSync(join(folder, "bin"), { recursive: true });
  writeFileSync(
    join(folder, "package.json"),
    `${JSON.stringify({ private: true, dependencies }, undefined, 2)}\n`,
  );
  const args = [
    "install",
    "--prefix",
    folder,
    "--ignore-scripts",
    "--no-package-lock",
    "--no-audit",
    "--no-fund",
  ];
  const { code, output } = await runCommand("npm", args, { cwd: folder });
  if (code !== 0) throw new Error(`Cannot install into .tools: ${output}`);
  for (const name of names) {
    const link = join(folder, "bin", `${name}${exe}`);
    rmSync(link, { force: true });
    symlinkSync(installedPath(name), link);
  }
}

function isInstalled(name: string): boolean {
  const manifest = join(folder, "node_modules", name, "package.json");
  if (!existsSync(manifest) || !existsSync(installedPath(name))) return false;
  const { name: npm, version } = JSON.parse(readFileSync(manifest, "utf8")) as {
    name: string;
    version: string;
  };
  return npm === find(name).npm && version === find(name).version;
}

function installedPath(name: string): string {
  return join(folder, "node_modules", name, find(name).binary);
}

function find(name: string): Tool {
  const tool = tools[name];
  if (tool === undefined)
    throw new Error(`Cannot find the tool ${name} among ${Object.keys(tools).join(", ")}`);
  return tool;
}

function runningNode(): string | undefined {
  const { deno: inDeno, bun: inBun, node: version } = process.versions;
  return inDeno === undefined && inBun === undefined ? version.split(".")[0] : undefined;
}

/** Bun's default build needs AVX2. */
function lacksAvx2(): boolean {
  if (platform !== "linux" || arch !== "x64" || !existsSync("/proc/cpuinfo")) return false;
  return !/\bavx2\b/.test(readFileSync("/proc/cpuinfo", "utf8"));
}
