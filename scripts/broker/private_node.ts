import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, existsSync, mkdtempSync, openSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { onInterrupt } from "../cleanup.ts";
import { runCommand, signalProcess } from "../run_command.ts";
import { speaksAmqp } from "./amqp_probe.ts";
import type { Broker, Inventory } from "./broker.ts";
import { freePorts } from "./free_ports.ts";
import { NodeFolder } from "./node_folder.ts";

export interface PrivateNodeOptions {
  /** Folder of its data, logs and settings; made when missing. @default a new one for temporary files */
  readonly folder?: string;
  /** AMQP port on 127.0.0.1. @default a free one */
  readonly port?: number;
  /** Leave the folder in place when it stops. @default false */
  readonly keepFolder?: boolean;
  /** How long it may take to start, in ms. @default 90_000 */
  readonly startTimeout?: number;
  /** Lines of rabbitmq.conf. @default [] */
  readonly configuration?: readonly string[];
  /** Plugins to enable. @default [] */
  readonly plugins?: readonly string[];
  /** Leaves out the lines of BGTASKS_BROKER_CONFIGURATION. @default false */
  readonly plain?: boolean;
  /** Nodes of one cluster have the same cookie. @default one that nobody else has */
  readonly cookie?: string;
  /** Port of an epmd that runs, as nodes of a cluster share one. @default one of its own */
  readonly epmdPort?: number;
}

export interface PrivateNode extends Broker {
  readonly port: number;
  /** Erlang's name of the node. */
  readonly name: string;
  readonly epmdPort: number;
  /** Settles when the node that runs now has ended, by `stop`, by `kill` or by itself. */
  readonly ended: Promise<void>;
  inventory(): Promise<Inventory>;
  /** Runs `rabbitmqctl` against this node and returns what it printed. */
  ctl(...args: string[]): Promise<string>;
  /** Ends it as a machine that loses its power does: nothing is said, nothing more is written. */
  kill(): Promise<void>;
  /** Starts it again on the same port, after it ended. Wiped, it has none of its queues, messages and users. */
  start(options?: { readonly wipe?: boolean }): Promise<void>;
}

/**
 * The root folder of another Debian whose RabbitMQ is taken instead of this system's, by `chroot`. Folders of its nodes
 * have to lie in it.
 */
export const brokerRoot: string = process.env["BGTASKS_BROKER_ROOT"] ?? "";

/** Lines of rabbitmq.conf that every node in another root needs: RabbitMQ 4 asks /proc for its memory, which is not there. */
const rootConfiguration: readonly string[] =
  brokerRoot === "" ? [] : ["vm_memory_calculation_strategy = allocated"];

/** Lines of rabbitmq.conf for every private node, parted by semicolons. */
const commonConfiguration: readonly string[] = nonEmptyLines(
  (process.env["BGTASKS_BROKER_CONFIGURATION"] ?? "").replaceAll(";", "\n"),
);

/**
 * The folder of the broker's scripts. Debian's wrappers in /usr/sbin switch the user and read the system's
 * settings, so the scripts behind them are preferred.
 */
export function findServerFolder(): string | undefined {
  if (brokerRoot !== "") return "/usr/lib/rabbitmq/bin";
  const onPath = (process.env["PATH"] ?? "").split(delimiter);
  if (!onPath.some((folder) => existsSync(join(folder, "epmd")))) return undefined;
  return ["/usr/lib/rabbitmq/bin", ...onPath].find((folder) =>
    existsSync(join(folder, "rabbitmq-server")),
  );
}

/** Starts a RabbitMQ node that shares nothing with one the system runs. */
export async function startPrivateNode(options: PrivateNodeOptions): Promise<PrivateNode> {
  const { keepFolder = false, startTimeout = 90_000, cookie } = options;
  const scripts = findServerFolder();
  if (scripts === undefined)
    throw new Error("Cannot start a private broker as rabbitmq-server is not installed");
  const [freePort = 0, distPort = 0, freeEpmdPort = 0] = await freePorts(3);
  const port = options.port ?? freePort;
  const epmdPort = options.epmdPort ?? freeEpmdPort;
  const name = `bgtasks-${port}@localhost`;
  const ports = { port, distPort, epmdPort };
  const path = options.folder ?? mkdtempSync(join(brokerRoot, tmpdir(), "bgtasks-broker-"));
  const common = options.plain ? [] : commonConfiguration;
  const configuration = [...rootConfiguration, ...common, ...(options.configuration ?? [])];
  const folder = new NodeFolder(path, {
    ...ports,
    name,
    cookie,
    configuration,
    plugins: options.plugins ?? [],
    root: brokerRoot,
  });
  const { env } = folder;

  // epmd is the name server every Erlang node needs and otherwise leaves running behind it: ours is a child on its
  // own port. `detached` keeps Ctrl-C of the terminal from reaching the children before we stop them in order.
  const epmd =
    options.epmdPort === undefined
      ? startChild(
          "epmd",
          ["-port", String(epmdPort), "-address", "127.0.0.1"],
          env,
          join(folder.path, "epmd.log"),
        )
      : undefined;
  const startServer = (): Child => {
    folder.forgetPid();
    const log = join(folder.path, "server.log");
    return startChild(join(scripts, "rabbitmq-server"), [], env, log);
  };
  let server = startServer();

  const signalServer = (signal: NodeJS.Signals): void => {
    if (server.running) for (const pid of [folder.pid, server.pid]) signalChild(pid, signal);
  };
  const killAll = (): void => {
    signalServer("SIGKILL");
    if (epmd?.running) signalChild(epmd.pid, "SIGKILL");
  };
  const onExit = (): void => {
    killAll();
    if (!keepFolder) folder.remove();
  };
  process.once("exit", onExit);

  let stopping: Promise<void> | undefined;
  const stop = (): Promise<void> => {
    stopping ??= (async () => {
      if (server.running) signalChild(server.pid, "SIGTERM");
      const overdue = setTimeout(killAll, 20_000);
      await server.ended;
      if (epmd?.running) signalChild(epmd.pid, "SIGTERM");
      await epmd?.ended;
      clearTimeout(overdue);
      process.off("exit", onExit);
      forget();
      if (!keepFolder) folder.remove();
    })();
    return stopping;
  };
  const forget = onInterrupt(stop);

  const waitUntilStarted = async (): Promise<void> => {
    const { ended } = server;
    if (await waitUntil(() => speaksAmqp("127.0.0.1", port), startTimeout, ended)) return;
    if (stopping !== undefined) throw new Error("The private broker was stopped while it started");
    const log = folder.read("server.log").slice(-4_000);
    await stop();
    throw new Error(`Cannot start a private broker on port ${port}:\n${log}`);
  };
  await waitUntilStarted();

  const ctl = async (...args: string[]): Promise<string> => {
    const [command, commandArgs] = inRoot(join(scripts, "rabbitmqctl"), args);
    const { code, output, stdout } = await runCommand(command, commandArgs, { env });
    if (code !== 0) throw new Error(`Cannot run rabbitmqctl ${args.join(" ")}: ${output}`);
    return stdout;
  };

  return {
    url: `amqp://guest:guest@127.0.0.1:${port}`,
    origin: "a private rabbitmq-server",
    port,
    name,
    epmdPort,
    get ended() {
      return server.ended;
    },
    stop,
    ctl,
    async kill() {
      // Erlang first: the script around it would ask it to stop in order.
      signalServer("SIGKILL");
      await server.ended;
    },
    async start({ wipe = false } = {}) {
      await server.ended;
      if (wipe) folder.wipe();
      server = startServer();
      await waitUntilStarted();
    },
    async inventory() {
      const [queues, connections] = await Promise.all([
        ctl("-q", "list_queues", "name", "--no-table-headers"),
        ctl("-q", "list_connections", "name", "--no-table-headers"),
      ]);
      return { queues: nonEmptyLines(queues), connections: nonEmptyLines(connections) };
    },
  };
}

interface Child {
  readonly pid: number | undefined;
  readonly ended: Promise<void>;
  readonly running: boolean;
}

function startChild(
  command: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv,
  log: string,
): Child {
  const output = openSync(log, "w");
  const child: ChildProcess = spawn(...inRoot(command, args), {
    cwd: dirname(log),
    env,
    detached: true,
    stdio: ["ignore", output, output],
  });
  closeSync(output);
  let running = true;
  const ended = new Promise<void>((resolve) => {
    child.on("error", () => resolve());
    child.on("exit", () => resolve());
  }).then(() => {
    running = false;
  });
  return {
    pid: child.pid,
    ended,
    get running() {
      return running;
    },
  };
}

/** A command and its arguments, in the other Debian if there is one. */
function inRoot(command: string, args: readonly string[]): [command: string, args: string[]] {
  return brokerRoot === "" ? [command, [...args]] : ["chroot", [brokerRoot, command, ...args]];
}

function signalChild(pid: number | undefined, signal: NodeJS.Signals): void {
  if (pid !== undefined) signalProcess(pid, signal);
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

function nonEmptyLines(text: string): string[] {
  return text
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "");
}
