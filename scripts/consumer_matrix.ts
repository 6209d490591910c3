// `npm run check -- consumers [-- --short | name…]`: installs the packed package into projects of other people, and runs them.
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";

import { onInterrupt } from "./cleanup.ts";
import type { Consumer } from "./consumers/consumer.ts";
import { makeConsumers } from "./consumers/consumers.ts";
import { LocalRegistry } from "./newcomer/local_registry.ts";
import { Session } from "./newcomer/session.ts";
import { mustRun, runSteps } from "./package/steps.ts";
import { inProject, projectRoot } from "./project.ts";
import { ensureTool } from "./tools/tools.ts";

const wanted = process.argv.slice(2);
const isShort = wanted.includes("--short");
const consumers = makeConsumers(await ensureTool("typescript59")).filter(({ name, short }) =>
  isShort ? short : wanted.length === 0 || wanted.includes(name),
);
if (consumers.length === 0) throw new Error(`no consumer is called ${wanted.join(", ")}`);
const manifest = JSON.parse(readFileSync(inProject("package.json"), "utf8")) as {
  name: string;
  version: string;
};
const folder = mkdtempSync(join(tmpdir(), "bgtasks-consumers-"));
const removeFolder = (): void => rmSync(folder, { recursive: true, force: true });
onInterrupt(async () => removeFolder());

try {
  await mustRun("npm", ["pack", "--silent", "--pack-destination", folder], { cwd: projectRoot });
  const tarball = join(folder, `${manifest.name}-${manifest.version}.tgz`);
  const elsewhere = (await mustRun("npm", ["config", "get", "registry"])).trim();
  await using registry = await LocalRegistry.start(manifest, tarball, elsewhere);
  const steps = consumers.map((consumer, index) => ({
    name: consumer.name,
    run: () => beConsumer(consumer, join(folder, String(index)), registry.url),
  }));
  if (!(await runSteps(steps))) process.exitCode = 1;
} finally {
  removeFolder();
}

async function beConsumer(consumer: Consumer, own: string, registry: string): Promise<void> {
  mkdirSync(own);
  const since = performance.now();
  const { dependencies, ...rest } = consumer.manifest as { readonly dependencies?: object };
  const all = { bgtasks: manifest.version, valibot: "^1.0.0", ...dependencies };
  const files = {
    "package.json": JSON.stringify({ private: true, ...rest, dependencies: all }),
    ".npmrc": `registry=${registry}\n`,
    ...consumer.files,
  };
  for (const [file, content] of Object.entries(files)) writeFileSync(join(own, file), content);
  const session = new Session(own, environment());
  const npm = "npm install --prefer-offline --no-audit --no-fund --ignore-scripts";
  await session.run(consumer.install ?? npm, /(?:)/);
  for (const { command, expected } of consumer.steps) await session.run(command, expected);
  const seconds = (performance.now() - since) / 1_000;
  console.log(`${consumer.name}: ${consumer.steps.length} steps in ${seconds.toFixed(1)} s`);
}

/** Ours, without what npm told us and without settings of the library. */
function environment(): NodeJS.ProcessEnv {
  const inherited = Object.entries(process.env).filter(
    ([name]) => !/^(?:npm_|AMQP_|ENVIRONMENT$|NODE_OPTIONS$)/i.test(name),
  );
  const path = [dirname(process.execPath), process.env["PATH"] ?? ""].join(delimiter);
  return { ...Object.fromEntries(inherited), PATH: path, NO_COLOR: "1" };
}
