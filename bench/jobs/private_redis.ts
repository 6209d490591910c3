import { spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { freePorts } from "../../scripts/broker/free_ports.ts";
import { signalProcess } from "../../scripts/run_command.ts";
import type { Fsync } from "./rows/job_rows.ts";

/** A Redis of this run alone, with a log on disk. */
export interface PrivateRedis {
  readonly url: string;
  stop(): Promise<void>;
}

/** How long it may take to answer, in milliseconds. */
const START_TIMEOUT = 10_000;

/** @throws Error when there is no redis-server, or it does not start */
export async function startRedis(fsync: Fsync): Promise<PrivateRedis> {
  const folder = await mkdtemp(join(tmpdir(), "bgtasks-redis-"));
  const [port = 0] = await freePorts(1);
  const address = ["--bind", "127.0.0.1", "--port", String(port), "--dir", folder];
  const log = ["--save", "", "--appendonly", "yes", "--appendfsync", fsync];
  const child = spawn("redis-server", [...address, ...log], { stdio: "ignore" });
  let problem: Error | undefined;
  child.on("error", (error) => (problem = error));
  const ended = new Promise<void>((resolve) => child.on("close", () => resolve()));
  const stop = async (): Promise<void> => {
    if (child.pid !== undefined && child.exitCode === null) signalProcess(child.pid, "SIGKILL");
    await ended;
    await rm(folder, { recursive: true, force: true });
  };
  for (const end = performance.now() + START_TIMEOUT; !(await answers(port));) {
    if (problem === undefined && child.exitCode === null && performance.now() < end) continue;
    await stop();
    throw new Error(`Cannot start redis-server: ${problem?.message ?? "it does not answer"}`);
  }
  return { url: `redis://127.0.0.1:${port}`, stop };
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    const end = (isThere: boolean): void => {
      socket.destroy();
      // Not at once again.
      setTimeout(() => resolve(isThere), isThere ? 0 : 50);
    };
    socket.on("error", () => end(false));
    socket.on("data", (chunk) => end(String(chunk).startsWith("+PONG")));
    socket.write("PING\r\n");
  });
}
