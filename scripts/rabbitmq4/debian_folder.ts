import { existsSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { runCommand } from "../run_command.ts";

/** Releases of Debian and the RabbitMQ that each has. */
export const suites: Readonly<Record<string, string>> = { trixie: "4.0", sid: "4.3" };

const mirror = "http://deb.debian.org/debian";

/** Makes sure that `folder` holds a small Debian with rabbitmq-server, for `chroot`. Takes about a minute, once. */
export async function ensureDebian(folder: string, suite: string): Promise<void> {
  if (existsSync(join(folder, "usr/lib/rabbitmq/bin/rabbitmq-server"))) return;
  if (process.getuid?.() !== 0) throw new Error(`Cannot set up ${folder} as that needs root`);
  const { code } = await runCommand("debootstrap", ["--version"]);
  if (code !== 0)
    throw new Error(
      `Cannot set up ${folder} as debootstrap is missing: apt-get install debootstrap`,
    );
  // What an earlier attempt left is in the way.
  rmSync(folder, { recursive: true, force: true });
  await run("debootstrap", ["--variant=minbase", suite, folder, mirror]);
  // Without it epmd does not find the node's own host.
  writeFileSync(join(folder, "etc/hosts"), "127.0.0.1 localhost\n");
  // Nothing shall start by itself when it is installed.
  writeFileSync(join(folder, "usr/sbin/policy-rc.d"), "#!/bin/sh\nexit 101\n", { mode: 0o755 });
  await run("chroot", [
    ...[folder, "apt-get", "install", "-y", "-qq", "--no-install-recommends", "rabbitmq-server"],
  ]);
}

async function run(command: string, args: readonly string[]): Promise<void> {
  console.log(`${command} ${args.join(" ")}`);
  const { code, output } = await runCommand(command, args, {
    env: { ...process.env, DEBIAN_FRONTEND: "noninteractive", LC_ALL: "C.UTF-8" },
  });
  if (code !== 0) throw new Error(`Cannot run ${command}: ${output.slice(-4_000)}`);
}
