// `npm run check -- package [export…]`: packs the package and uses it as its users would.
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onInterrupt } from "./cleanup.ts";
import { compareManifests } from "./package/manifests.ts";
import { checkSizes } from "./package/sizes.ts";
import { mustRun, runSteps, type Step } from "./package/steps.ts";
import { inProject, projectRoot } from "./project.ts";
import { commonVersion } from "./release/version_places.ts";
import { stopCommands } from "./run_command.ts";
import { ensureTools } from "./tools/tools.ts";

const given = process.argv.slice(2);
const names =
  given.length > 0 ? given : ["rpcTasks", "RPCClient", "Worker", "configure", "RPCResponse"];
const nodes = ["node20", "node22", "node24", "node26"];
const paths = await ensureTools([...nodes, "deno", "bun"]);
const tool = (name: string): string => paths[name] ?? name;

const folder = mkdtempSync(join(tmpdir(), "bgtasks-package-"));
const removeFolder = (): void => rmSync(folder, { recursive: true, force: true });
onInterrupt(async () => {
  stopCommands();
  removeFolder();
});
const tarball = join(folder, "bgtasks.tgz");
const consumer = join(folder, "consumer");
const bin = (name: string): string => inProject(`node_modules/.bin/${name}`);

const steps: Step[] = [
  {
    name: "every file names the same version and dependencies",
    run: async () => {
      commonVersion(projectRoot);
      compareManifests();
    },
  },
  { name: "npm pack", run: pack },
  { name: "publint", run: () => inside(bin("publint"), "run", "--strict", tarball) },
  {
    name: "attw --profile esm-only",
    run: () => inside(bin("attw"), tarball, "--profile", "esm-only"),
  },
  { name: "install into an empty project", run: installConsumer },
  ...nodes.map((name) => ({
    name: `import on ${name}`,
    run: () => inside(tool(name), "import.mjs"),
  })),
  ...nodes.map((name) => ({
    name: `require on ${name}`,
    run: () => inside(tool(name), "require.cjs"),
  })),
  { name: "import on deno", run: () => inside(tool("deno"), "run", "-A", "import.mjs") },
  {
    name: "import on deno, npm:bgtasks",
    run: () => inside(tool("deno"), "run", "-A", "import_npm.mjs"),
  },
  { name: "import on bun", run: () => inside(tool("bun"), "import.mjs") },
  { name: "npx bgtasks --help", run: () => inside("npx", "--no-install", "bgtasks", "--help") },
  {
    name: "npx bgtasks init",
    run: () => inside("npx", "--no-install", "bgtasks", "init", "starter"),
  },
  ...["typescript54", "typescript59"].map((compiler) => ({
    name: `compile to CommonJS with ${compiler}, node10`,
    run: () => compile(compiler, "commonjs", "node10", compiler === "typescript59"),
  })),
  ...["typescript54", "typescript"].flatMap((compiler) =>
    [
      ["nodenext", "nodenext"],
      ["node16", "node16"],
      ["esnext", "bundler"],
    ].map(([module = "", resolution = ""]) => ({
      name: `compile with ${compiler}, ${resolution}`,
      run: () => compile(compiler, module, resolution, resolution === "nodenext"),
    })),
  ),
  { name: "sizes in a web page", run: () => checkSizes(consumer) },
  { name: "deno check", run: () => inside(tool("deno"), "check", "consumer.ts") },
  { name: "deno publish --dry-run", run: publishToJsr },
  { name: "browser bundle of the sources", run: () => bundle(inProject("mod.ts")) },
  {
    name: "browser bundle of the package",
    run: () => bundle(join(consumer, "node_modules/bgtasks/dist/mod.js")),
  },
];

try {
  if (!(await runSteps(steps))) process.exitCode = 1;
} finally {
  removeFolder();
}

async function inside(command: string, ...args: string[]): Promise<void> {
  await mustRun(command, args, { cwd: consumer });
}

async function pack(): Promise<void> {
  mkdirSync(consumer);
  const args = ["pack", "--json", "--silent", "--pack-destination", folder];
  await mustRun("npm", args, { cwd: projectRoot });
  const { version } = JSON.parse(readFileSync(inProject("package.json"), "utf8")) as {
    version: string;
  };
  copyFileSync(join(folder, `bgtasks-${version}.tgz`), tarball);
}

async function installConsumer(): Promise<void> {
  const write = (file: string, text: string): void => writeFileSync(join(consumer, file), text);
  const { devDependencies } = JSON.parse(readFileSync(inProject("package.json"), "utf8")) as {
    devDependencies: Record<string, string>;
  };
  write(
    "package.json",
    JSON.stringify({
      private: true,
      type: "module",
      dependencies: { bgtasks: `file:${tarball}`, valibot: "^1.0.0" },
      devDependencies: {
        "@types/node": devDependencies["@types/node"],
        typescript: devDependencies["typescript"],
        typescript54: "npm:typescript@5.4.5",
        typescript59: "npm:typescript@5.9.3",
      },
    }),
  );
  const check = `
    const missing = ${JSON.stringify(names)}.filter((name) => library[name] === undefined);
    if (missing.length > 0) throw new Error("not exported: " + missing.join(", "));
  `;
  const context = `if (currentContext() !== undefined) throw new Error("a context outside of handlers");`;
  write(
    "import.mjs",
    `import * as library from "bgtasks"; import { currentContext } from "bgtasks/async-context";${check}${context}`,
  );
  write(
    "require.cjs",
    `const library = require("bgtasks"); const { currentContext } = require("bgtasks/async-context");${check}${context}`,
  );
  write("import_npm.mjs", `import * as library from "npm:bgtasks";${check}`);
  copyFileSync(inProject("scripts/package/consumer.ts"), join(consumer, "consumer.ts"));
  await inside("npm", "install", "--no-audit", "--no-fund", "--ignore-scripts");
}

/** @param isWhole whether the declarations of all packages are checked, too: once with each compiler, as it takes longest */
async function compile(
  compiler: string,
  module: string,
  resolution: string,
  isWhole: boolean,
): Promise<void> {
  const tsc = join(consumer, "node_modules", compiler, "bin", "tsc");
  const options = [
    "--noEmit",
    "--strict",
    "--skipLibCheck",
    String(!isWhole),
    "--target",
    "es2022",
  ];
  // Without the library of disposables, which the package's own declarations ask for.
  const lib = ["--lib", "es2022,dom", "--types", "node"];
  const modules = ["--module", module, "--moduleResolution", resolution];
  await inside(process.execPath, tsc, ...options, ...lib, ...modules, "consumer.ts");
}

async function publishToJsr(): Promise<void> {
  const args = ["publish", "--dry-run", "--allow-dirty", "--config", "jsr.json"];
  await mustRun(tool("deno"), args, { cwd: projectRoot });
}

async function bundle(entry: string): Promise<void> {
  const outfile = `--outfile=${join(folder, "browser.js")}`;
  await mustRun(
    bin("esbuild"),
    [entry, "--bundle", "--platform=browser", "--format=esm", outfile],
    {
      cwd: projectRoot,
    },
  );
}
