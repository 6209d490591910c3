import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { arch, cpus, release, totalmem, type } from "node:os";
import { join } from "node:path";
import { connect } from "amqplib";

import { runCommand } from "../../scripts/run_command.ts";
import type { Runtime } from "../../scripts/testing/runtime.ts";

/** What a run ran on. */
export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memory: string;
  readonly system: string;
  readonly runtime: string;
  readonly broker: string;
}

export async function describeMachine(runtime: Runtime, url: string): Promise<Machine> {
  const [cpu] = cpus();
  return {
    cpu: cpu?.model.trim() ?? "unknown",
    cores: cpus().length,
    memory: `${Math.round(totalmem() / 2 ** 30)} GB`,
    system: `${type()} ${release().split("-")[0] ?? ""} ${arch()}`,
    runtime: `${{ node: "Node", deno: "Deno", bun: "Bun" }[runtime.kind]} ${await runtimeVersion(runtime)}`,
    broker: await describeBroker(url),
  };
}

async function runtimeVersion({ command }: Runtime): Promise<string> {
  const { stdout } = await runCommand(command, ["--version"]);
  return /\d+\.\d+\.\d+/.exec(stdout)?.[0] ?? "unknown";
}

async function describeBroker(url: string): Promise<string> {
  const model = await connect(url);
  const { product, version } = model.connection.serverProperties;
  await model.close();
  return `${product} ${version} on the same machine`;
}

/** The installed version of a package. */
export function packageVersion(name: string): string | undefined {
  const folders = createRequire(import.meta.url).resolve.paths(name) ?? [];
  for (const folder of folders) {
    try {
      const manifest = readFileSync(join(folder, name, "package.json"), "utf8");
      return (JSON.parse(manifest) as { version: string }).version;
    } catch {
      // Not in this one.
    }
  }
  return undefined;
}
