import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

export interface NodeFolderOptions {
  /** AMQP port on 127.0.0.1. */
  readonly port: number;
  /** Port on which the nodes of a cluster talk to each other. */
  readonly distPort: number;
  readonly epmdPort: number;
  /** Erlang's name of the node. */
  readonly name: string;
  /** What nodes of one cluster have in common; Erlang makes one up when it is absent. */
  readonly cookie: string | undefined;
  /** The lines of rabbitmq.conf. */
  readonly configuration: readonly string[];
  /** Its plugins. */
  readonly plugins: readonly string[];
  /** The folder that the node takes for the root of the file system; empty for the system's. */
  readonly root: string;
}

/** The folder of a private node: its settings, its data, its logs. */
export class NodeFolder {
  readonly path: string;
  /** An environment that points only at this folder. */
  readonly env: NodeJS.ProcessEnv;

  constructor(path: string, options: NodeFolderOptions) {
    this.path = path;
    mkdirSync(join(path, "conf.d"), { recursive: true });
    this.forgetPid();
    if (options.cookie !== undefined) {
      rmSync(join(path, ".erlang.cookie"), { force: true });
      // Erlang refuses one that others may read.
      writeFileSync(join(path, ".erlang.cookie"), options.cookie, { mode: 0o400 });
    }
    this.env = this.#environment(options);
  }

  /** The id of the Erlang process, once it has written it. */
  get pid(): number | undefined {
    const pid = Number.parseInt(this.read("rabbitmq.pid"), 10);
    return Number.isNaN(pid) ? undefined : pid;
  }

  forgetPid(): void {
    rmSync(join(this.path, "rabbitmq.pid"), { force: true });
  }

  /** Removes queues, messages, users and permissions. */
  wipe(): void {
    rmSync(join(this.path, "data"), { recursive: true, force: true, maxRetries: 5 });
  }

  /** A folder that stays, as a process of the broker that is ending wrote into it meanwhile, fails nobody's work. */
  remove(): void {
    try {
      rmSync(this.path, { recursive: true, force: true, maxRetries: 10 });
    } catch (error) {
      console.warn(`left behind: ${error instanceof Error ? error.message : this.path}`);
    }
  }

  /** The text of one of its files; empty when there is none. */
  read(name: string): string {
    const file = join(this.path, name);
    return existsSync(file) ? readFileSync(file, "utf8") : "";
  }

  #environment(options: NodeFolderOptions): NodeJS.ProcessEnv {
    const path = this.path.slice(options.root.length);
    const file = (name: string, content: string): string => {
      writeFileSync(join(this.path, name), content);
      return join(path, name);
    };
    const inherited = Object.entries(process.env).filter(
      ([name]) => !/^(RABBITMQ_|ERL_)/.test(name),
    );
    return {
      ...Object.fromEntries(inherited),
      HOME: path,
      LC_ALL: "C.UTF-8",
      ERL_EPMD_PORT: String(options.epmdPort),
      ERL_EPMD_ADDRESS: "127.0.0.1",
      RABBITMQ_NODENAME: options.name,
      RABBITMQ_NODE_IP_ADDRESS: "127.0.0.1",
      RABBITMQ_NODE_PORT: String(options.port),
      RABBITMQ_DIST_PORT: String(options.distPort),
      RABBITMQ_MNESIA_BASE: join(path, "data"),
      RABBITMQ_LOG_BASE: join(path, "logs"),
      RABBITMQ_PID_FILE: join(path, "rabbitmq.pid"),
      RABBITMQ_ENABLED_PLUGINS_FILE: file("enabled_plugins", `[${options.plugins.join(",")}].\n`),
      RABBITMQ_CONF_ENV_FILE: file("rabbitmq-env.conf", ""),
      RABBITMQ_CONFIG_FILE: file(
        "rabbitmq.conf",
        options.configuration.map((line) => `${line}\n`).join("") ||
          "# Nothing beyond the defaults.\n",
      ),
      RABBITMQ_CONFIG_FILES: join(path, "conf.d"),
      RABBITMQ_ADVANCED_CONFIG_FILE: file("advanced.config", "[].\n"),
    };
  }
}
