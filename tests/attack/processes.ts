import type { ChildProcess } from "node:child_process";
import { spawn } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";

import { RPCClient } from "../../mod.ts";
import { TaskFolder } from "../cli/task_folder.ts";
import { scriptCommand } from "../support/run_script.ts";
import { waitFor } from "../support/wait_for.ts";
import type { Attack } from "./attack.ts";
import { inParallel, sleep } from "./attack.ts";
import { withClient } from "./broker_client.ts";
import type { Random } from "./random.ts";

const main = fileURLToPath(new URL("../../src/cli/main.ts", import.meta.url));

/** How long a case may take from its last signal to the end of all its processes, in milliseconds. */
const END = 20_000;

interface Setting {
  readonly attack: Attack;
  readonly random: Random;
  /** A file that is there once a handler runs. */
  readonly marker: string;
  readonly route: string;
  readonly client: RPCClient;
}

interface Case {
  readonly name: string;
  readonly args?: readonly string[];
  readonly run: (worker: Command, setting: Setting) => Promise<void>;
  /** What it may end with. */
  readonly exits: readonly (number | null)[];
}

const ready = (worker: Command): Promise<unknown> => worker.printed(/Ready/);

const CASES: readonly Case[] = [
  ...(["SIGTERM", "SIGINT"] as const).flatMap((signal): Case[] => [
    {
      name: `${signal} at a random moment`,
      run: async (worker, { random }) => {
        await sleep(random.int(0, 1_500));
        worker.signal(signal);
      },
      // Before there is a listener, a signal ends it as it does any process.
      exits: [0, null, signal === "SIGTERM" ? 143 : 130],
    },
    {
      name: `${signal} while a handler runs`,
      run: async (worker, setting) => {
        await ready(worker);
        await drained(worker, setting, signal);
      },
      exits: [0],
    },
    {
      name: `${signal} twice`,
      run: async (worker, setting) => {
        await ready(worker);
        const { client, route } = setting;
        client.call(route, 8_000, { timeout: 1_000 }).catch(() => {});
        await worker.printed(/handling 8000/);
        worker.signal(signal);
        await worker.printed(/waiting for 1 running handler/);
        await sleep(700);
        worker.signal(signal);
      },
      exits: [signal === "SIGTERM" ? 143 : 130],
    },
  ]),
  ...(["stdout", "stderr"] as const).map((stream): Case => ({
    name: `SIGTERM after its ${stream} was closed`,
    run: async (worker, setting) => {
      await ready(worker);
      worker.close(stream);
      await drained(worker, setting, "SIGTERM");
    },
    exits: [0],
  })),
  {
    name: "SIGTERM to two processes after stdout was closed",
    args: ["--processes", "2"],
    run: async (worker, setting) => {
      await ready(worker);
      worker.close("stdout");
      await drained(worker, setting, "SIGTERM");
    },
    exits: [0],
  },
  {
    name: "SIGTERM to one that supervises two",
    args: ["--processes", "2"],
    run: async (worker, setting) => {
      await ready(worker);
      await drained(worker, setting, "SIGTERM");
    },
    exits: [0],
  },
  {
    name: "SIGSTOP of one of two, then SIGTERM",
    args: ["--processes", "2", "--drain-timeout", "500ms"],
    run: async (worker) => {
      await ready(worker);
      const [child] = worker.children();
      if (child === undefined) throw new Error("it has no processes");
      process.kill(child, "SIGSTOP");
      worker.signal("SIGTERM");
    },
    exits: [1],
  },
  {
    name: "SIGKILL of the one that supervises",
    args: ["--processes", "2"],
    run: async (worker) => {
      await ready(worker);
      worker.signal("SIGKILL");
    },
    exits: [null, 137],
  },
];

/** Ends workers in processes of their own by signals, and looks at what they leave. */
export async function processes(attack: Attack): Promise<void> {
  const { report } = attack;
  const broker = await attack.broker();
  await using folder = await TaskFolder.create();
  const { url } = broker.node;
  const rounds = attack.rounds({ short: 1, full: 4 });
  const cases = Array.from({ length: rounds }, () => CASES).flat();
  let [orphans, slowest] = [0, 0];
  await inParallel(cases, 4, async (plan, index) => {
    const route = `attack.processes.${crypto.randomUUID().slice(0, 8)}`;
    const marker = join(folder.path, `begun_${index}`);
    const tasks = await folder.write(`tasks_${index}.mjs`, taskModule(route, marker));
    await using client = new RPCClient({
      settings: { ...broker.settings, name: `processes ${index}` },
    });
    const setting = { attack, marker, route, client, random: attack.random(`case ${index}`) };
    const worker = new Command(["worker", "--tasks", tasks, ...(plan.args ?? [])], url);
    try {
      const run = plan.run(worker, setting);
      const children = watchChildren(worker);
      await run;
      const since = performance.now();
      await Promise.race([worker.exited, sleep(END)]);
      await waitFor(
        () => children.stop().every((pid) => !isAlive(pid)),
        "its processes to end",
        END,
      ).catch(() => orphans++);
      slowest = Math.max(slowest, performance.now() - since);
      if (!plan.exits.includes(worker.exitCode ?? null) || !worker.hasExited)
        attack.fail(plan.name, `ended with ${worker.exitCode}: ${worker.output.slice(-400)}`);
    } catch (error) {
      attack.fail(plan.name, error instanceof Error ? error.message : String(error));
    } finally {
      worker.end();
    }
    await withClient(url, (channel) => channel.queueDelete(route));
  });
  report.tell(cases.length, "cases");
  report.exactly(0, orphans, "with processes left");
  report.tell(slowest, "ms at most until all had ended");
  attack.reportFailures("broken rules");
}

function taskModule(route: string, marker: string): string {
  return `import { writeFileSync } from "node:fs";
  rpcTasks(${JSON.stringify(route)}, async (milliseconds) => {
    console.log("handling", milliseconds);
    writeFileSync(${JSON.stringify(marker)}, "");
    await new Promise((resolve) => setTimeout(resolve, milliseconds));
    return "done";
  });`;
}

/** Sends a signal while a handler runs, whose call has to be answered. */
async function drained(
  worker: Command,
  { attack, client, route, marker }: Setting,
  signal: "SIGTERM" | "SIGINT",
): Promise<void> {
  const call = client.call(route, 600, { timeout: 10_000 }).then(
    (reply) => reply,
    (error: unknown) => String(error),
  );
  // What it prints may go nowhere.
  await waitFor(() => existsSync(marker), "its handler to begin");
  worker.signal(signal);
  const reply = await call;
  if (reply !== "done") attack.fail(`${signal} to a handler that runs`, String(reply));
}

/** The command as a process of its own, whose streams can be closed under it. */
class Command {
  output = "";
  exitCode: number | null | undefined;
  readonly exited: Promise<void>;
  readonly pid: number;
  readonly #child: ChildProcess;

  constructor(args: readonly string[], url: string) {
    const [command, before] = scriptCommand(main);
    const child = spawn(command, [...before, ...args], {
      stdio: ["ignore", "pipe", "pipe"],
      env: { ...process.env, AMQP_URL: url, NO_COLOR: "1" },
    });
    this.#child = child;
    this.pid = child.pid ?? 0;
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding("utf8").on("data", (text: string) => (this.output += text));
      stream.on("error", () => {});
    }
    this.exited = new Promise((resolve) => {
      child.once("exit", (code) => {
        this.exitCode = code;
        resolve();
      });
    });
  }

  get hasExited(): boolean {
    return this.exitCode !== undefined;
  }

  /** Closes our end of a pipe, as `head` does. */
  close(stream: "stdout" | "stderr"): void {
    this.#child[stream]?.destroy();
  }

  signal(signal: NodeJS.Signals): void {
    if (isAlive(this.pid)) process.kill(this.pid, signal);
  }

  async printed(pattern: RegExp): Promise<void> {
    await waitFor(() => pattern.test(this.output) || this.hasExited, `${pattern}`, 30_000);
    if (!pattern.test(this.output)) throw new Error(`ended without ${pattern}: ${this.output}`);
  }

  /** The processes that it started, and those that these started. */
  children(): number[] {
    return childrenOf(this.pid);
  }

  /** Ends what is left of it. */
  end(): void {
    for (const pid of [...this.children(), this.pid])
      if (isAlive(pid)) process.kill(pid, "SIGKILL");
  }
}

/** Remembers every process that a worker ever had. */
function watchChildren(worker: Command): { stop(): number[] } {
  const seen = new Set<number>();
  const look = (): void => {
    for (const pid of worker.children()) seen.add(pid);
  };
  const interval = setInterval(look, 100);
  look();
  return {
    stop() {
      clearInterval(interval);
      return [...seen];
    },
  };
}

function childrenOf(pid: number): number[] {
  try {
    const list = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8");
    const children = list.split(" ").filter(Boolean).map(Number);
    return [...children, ...children.flatMap(childrenOf)];
  } catch {
    return [];
  }
}

function isAlive(pid: number): boolean {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));
  } catch {
    return false;
  }
}
