import { spawn } from "node:child_process";
import process from "node:process";
import { fileURLToPath } from "node:url";

import { scriptCommand } from "../support/run_script.ts";
import { TCPProxy } from "../support/tcp_proxy.ts";
import type { Attack } from "./attack.ts";
import { sleep } from "./attack.ts";
import type { LifecycleResult } from "./lifecycle_process.ts";

const script = fileURLToPath(new URL("lifecycle_process.ts", import.meta.url));

/** A link breaks after so many milliseconds on average. */
const BREAK = 330;

/** How long the process may take to end by itself after its last call, in milliseconds. */
const EXIT = 5_000;

/** Calls of all kinds over a link that breaks three times a second, in a process of their own, which has to end by itself. */
export async function lifecycle(attack: Attack): Promise<void> {
  const { report } = attack;
  const broker = await attack.broker();
  const seconds = attack.rounds({ short: 8, full: 120 });
  const random = attack.random("breaks");
  await using proxy = await TCPProxy.open(broker.node.url);
  const [command, before] = scriptCommand(script);
  const url = `amqp://guest:guest@127.0.0.1:${proxy.port}`;
  const child = spawn(command, [...before, url, String(seconds), String(attack.seed)], {
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, NO_COLOR: "1" },
  });
  let [stdout, stderr, breaks] = ["", "", 0];
  let exitCode: number | null | undefined;
  child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
  const ended = new Promise<void>((resolve) => {
    child.once("close", (code) => {
      exitCode = code;
      resolve();
    });
  });
  const isOver = (): boolean => exitCode !== undefined || stdout.includes("\n");
  const giveUpAt = performance.now() + (seconds + 25) * 1_000;
  while (!isOver() && performance.now() < giveUpAt) {
    await sleep(random.int(BREAK / 3, (BREAK * 5) / 3));
    if (isOver() || proxy.links === 0) continue;
    breaks++;
    if (random.chance(0.1)) {
      proxy.freeze();
      // Gone without a word for a while, and then for good.
      await sleep(random.int(50, 400));
    }
    proxy.reset();
  }
  const since = performance.now();
  await Promise.race([ended, sleep(EXIT)]);
  const exits = performance.now() - since;
  if (exitCode === undefined) process.kill(child.pid ?? 0, "SIGKILL");
  await ended;
  const [line = ""] = stdout.split("\n");
  if (line === "") throw new Error(`the process told no figures; it ${stderr.slice(0, 2_000)}`);
  const result = JSON.parse(line) as LifecycleResult;
  report.tell(result.calls, "calls");
  report.tell(breaks, "breaks");
  report.tell(result.answered, "answered");
  report.remark(
    Object.entries(result.errors)
      .map(([code, n]) => `${n} × ${code}`)
      .join(", "),
  );
  report.exactly(0, result.pending, "never settled");
  report.exactly(0, result.wrong, "wrong replies");
  report.exactly(0, result.late.length, "later than their deadline allows");
  for (const text of result.late.slice(0, 5)) report.breach(text);
  report.exactly(0, result.unexpected.length, "errors that should not be");
  for (const text of result.unexpected.slice(0, 5)) report.breach(text);
  report.exactly(0, result.unhandled.length, "unhandled errors in the process");
  for (const text of result.unhandled.slice(0, 5)) report.breach(text);
  report.exactly(0, result.running, "handlers left");
  report.exactly(0, result.listeners, "listeners left");
  report.atMost(EXIT - 1, exits, "ms until the process ended by itself");
  report.exactly(0, exitCode ?? -1, "exit code");
  if (exitCode !== 0) report.breach(stderr.slice(0, 1_000));
}
