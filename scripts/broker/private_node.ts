import { type ChildProcess, spawn } from "node:child_process";
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { onInterrupt } from "../cleanup.ts";
import { runCommand, signalProcess } from "../run_command.ts";
import { speaksAmqp } from "./amqp_probe.ts";
import type { Broker, Inventory } from "./broker.ts";
import { freePorts } from "./free_ports.ts";

export interface PrivateNodeOptions {
  /** Folder of its data, logs and settings; made when missing. */
  readonly folder: string;
  /** AMQP port on 127.0.0.1. @default a free one */
  readonly port?: number;
  /** Leave the folder in place when it stops. @default false */
  readonly keepFolder?: boolean;
  /** How long it may take to start, in ms. @default 90_000 */
  readonly startTimeout?: number;
}

export interface PrivateNode extends Broker {
  readonly port: number;
  /** Settles when the node has ended, by `stop` or by itself. */
  readonly ended: Promise<void>;
  inventory(): Promise<Inventory>;
  /** Runs `rabbitmqctl` against this node and returns what it printed. */
  ctl(...args: string[]): Promise<string>;
}

/**
 * The folder of the broker's scripts. Debian's wrappers in /usr/sbin switch the user and read the system's
 * settings, so the scripts behind them are preferred.
 */
export function findServerFolder(): string | undefined {
  const onPath = (process.env["PATH"] ?? "").split(delimiter);
  if (!onPath.some((folder) => existsSync(join(folder, "epmd")))) return undefined;
  return ["/usr/lib/rabbitmq/bin", ...onPath].find((folder) =>
    existsSync(join(folder, "rabbitmq-server")),
  );
}

/** Starts a RabbitMQ node that shares nothing with one the system runs. */
export async function startPrivateNode(options: PrivateNodeOptions): Promise<PrivateNode> {
  const { folder, keepFolder = false, startTimeout = 90_000 } = options;
  const scripts = findServerFolder();
  if (scripts === undefined)
    throw new Error("Cannot start a private broker as rabbitmq-server is not installed");
  const [freePort = 0, distPort = 0, epmdPort = 0] = await freePorts(3);
  const port = options.port ?? freePort;
  const env = prepareFolder(folder, { port, distPort, epmdPort });

  // epmd is the name server every Erlang node needs and otherwise leaves running behind it: ours is a child on its
  // own port. `detached` keeps Ctrl-C of the terminal from reaching the children before we stop them in order.
  const epmd = startChild(
    "epmd",
    ["-port", String(epmdPort), "-address", "127.0.0.1"],
    env,
    join(folder, "epmd.log"),
  );
  const server = startChild(join(scripts, "rabbitmq-server"), [], env, join(folder, "server.log"));

  const killAll = (): void => {
    const beam = readPid(join(folder, "rabbitmq.pid"));
    for (const pid of [beam, server.pid, epmd.pid])
      if (pid !== undefined) signalProcess(pid, "SIGKILL");
    if (!keepFolder) rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  };
  process.once("exit", killAll);

  let stopping: Promise<void> | undefined;
  const stop = (): Promise<void> => {
    stopping ??= (async () => {
      if (server.pid !== undefined) signalProcess(server.pid, "SIGTERM");
      const overdue = setTimeout(killAll, 20_000);
      await server.ended;
      if (epmd.pid !== undefined) signalProcess(epmd.pid, "SIGTERM");
      await epmd.ended;
      clearTimeout(overdue);
      process.off("exit", killAll);
      forget();
      if (!keepFolder) rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
    })();
    return stopping;
  };
  const forget = onInterrupt(stop);

  const started = await waitUntil(() => speaksAmqp("127.0.0.1", port), startTimeout, server.ended);
  if (!started) {
    if (stopping !== undefined) throw new Error("The private broker was stopped while it started");
    const log = readText(join(folder, "server.log")).slice(-4_000);
    await stop();
    throw new Error(`Cannot start a private broker on port ${port}:\n${log}`);
  }

  const ctl = async (...args: string[]): Promise<string> => {
    const { code, output, stdout } = await runCommand(join(scripts, "rabbitmqctl"), args, { env });
    if (code !== 0) throw new Error(`Cannot run rabbitmqctl ${args.join(" ")}: ${output}`);
    return stdout;
  };

  return {
    url: `amqp://guest:guest@127.0.0.1:${port}`,
    origin: "a private rabbitmq-server",
    port,
    ended: server.ended,
    stop,
    ctl,
    async inventory() {
      const [queues, connections] = await Promise.all([
        ctl("-q", "list_queues", "name", "--no-table-headers"),
        ctl("-q", "list_connections", "name", "--no-table-headers"),
      ]);
      return { queues: nonEmptyLines(queues), connections: nonEmptyLines(connections) };
    },
  };
}

/** Writes the settings of the node and returns the environment that points only at them. */
function prepareFolder(
  folder: string,
  ports: { readonly port: number; readonly distPort: number; readonly epmdPort: number },
): NodeJS.ProcessEnv {
  mkdirSync(join(folder, "conf.d"), { recursive: true });
  rmSync(join(folder, "rabbitmq.pid"), { force: true });
  const file = (name: string, content: string): string => {
    writeFileSync(join(folder, name), content);
    return join(folder, name);
  };
  const inherited = Object.entries(process.env).filter(([name]) => !/^(RABBITMQ_|ERL_)/.test(name));
  return {
    ...Object.fromEntries(inherited),
    HOME: folder,
    LC_ALL: "C.UTF-8",
    ERL_EPMD_PORT: String(ports.epmdPort),
    ERL_EPMD_ADDRESS: "127.0.0.1",
    RABBITMQ_NODENAME: `bgtasks-${ports.port}@localhost`,
    RABBITMQ_NODE_IP_ADDRESS: "127.0.0.1",
    RABBITMQ_NODE_PORT: String(ports.port),
    RABBITMQ_DIST_PORT: String(ports.distPort),
    RABBITMQ_MNESIA_BASE: join(folder, "data"),
    RABBITMQ_LOG_BASE: join(folder, "logs"),
    RABBITMQ_PID_FILE: join(folder, "rabbitmq.pid"),
    RABBITMQ_ENABLED_PLUGINS_FILE: file("enabled_plugins", "[].\n"),
    RABBITMQ_CONF_ENV_FILE: file("rabbitmq-env.conf", ""),
    RABBITMQ_CONFIG_FILE: file("rabbitmq.conf", "# Nothing beyond the defaults.\n"),
    RABBITMQ_CONFIG_FILES: join(folder, "conf.d"),
    RABBITMQ_ADVANCED_CONFIG_FILE: file("advanced.config", "[].\n"),
  };
}

interface Child {
  readonly pid: number | undefined;
  readonly ended: Promise<void>;
}

function startChild(
  command: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv,
  log: string,
): Child {
  const output = openSync(log, "w");
  const child: ChildProcess = spawn(command, args, {
    cwd: dirname(log),
    env,
    detached: true,
    stdio: ["ignore", output, output],
  });
  closeSync(output);
  const ended = new Promise<void>((resolve) => {
    child.on("error", () => resolve());
    child.on("exit", () => resolve());
  });
  return { pid: child.pid, ended };
}

/** Asks every 100 ms until the answer is yes; no when the time is over or `ended` settles first. */
async function waitUntil(
  condition: () => Promise<boolean>,
  timeout: number,
  ended: Promise<void>,
): Promise<boolean> {
  const deadline = Date.now() + timeout;
  let over = false;
  void ended.then(() => (over = true));
  while (!over && Date.now() < deadline) {
    if (await condition()) return true;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return false;
}

function readPid(file: string): number | undefined {
  const pid = Number.parseInt(readText(file), 10);
  return Number.isNaN(pid) ? undefined : pid;
}

function readText(file: string): string {
  return existsSync(file) ? readFileSync(file, "utf8") : "";
}

function nonEmptyLines(text: string): string[] {
  return text
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "");
}
