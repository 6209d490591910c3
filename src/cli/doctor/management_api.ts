import type { ResolvedSettings } from "../../settings/settings.ts";
import { describeThrown } from "../../messages/printable.ts";
import { CommandFailure, ExitCode } from "../terminal/exit_code.ts";

/** How many queues the API tells of at a time. */
const PAGE_SIZE = 500;

/** What the API tells of a queue. Brokers leave out what they do not know. */
export interface ManagedQueue {
  readonly name: string;
  readonly type?: string;
  readonly durable?: boolean;
  readonly arguments?: Readonly<Record<string, unknown>>;
  /** The name of the policy that counts for it. */
  readonly policy?: string | null;
  readonly operator_policy?: string | null;
  /** What both say together. */
  readonly effective_policy_definition?: Readonly<Record<string, unknown>> | null;
  /** The nodes that have a replica, and those of them that run. */
  readonly members?: readonly string[];
  readonly online?: readonly string[];
}

/** What the API tells of a node of the broker. */
export interface ManagedNode {
  readonly name: string;
  readonly running?: boolean;
  readonly mem_alarm?: boolean;
  readonly disk_free_alarm?: boolean;
}

/** The API does not answer as it should. The message tells why, and holds no password. */
export class ManagementError extends Error {
  readonly remedy: string;

  constructor(message: string, remedy: string) {
    super(message);
    this.remedy = remedy;
  }
}

/** The HTTP API of RabbitMQ's management plugin. */
export class ManagementAPI {
  /** What people may see of the address. */
  readonly where: string;
  readonly #base: string;
  readonly #authorization: string;
  readonly #vhost: string;
  readonly #timeout: number;

  /**
   * @param address as somebody gave it; its user and password come before those of the settings
   * @throws CommandFailure when it is not a URL of HTTP
   */
  constructor(address: string, settings: ResolvedSettings) {
    const url = URL.canParse(address) ? new URL(address) : undefined;
    // Not with the address, which may hold a password.
    if (!url || !/^https?:$/.test(url.protocol))
      throw new CommandFailure(
        ExitCode.USAGE,
        "Cannot use --management, because it is not a URL such as http://localhost:15672",
      );
    const path = url.pathname.replace(/\/+$/, "").replace(/\/api$/, "");
    this.where = url.host + path;
    this.#base = `${url.protocol}//${url.host}${path}/api/`;
    const [user, password] =
      url.username === ""
        ? [settings.username, settings.password]
        : [decodeURIComponent(url.username), decodeURIComponent(url.password)];
    this.#authorization = `Basic ${toBase64(`${user}:${password}`)}`;
    this.#vhost = encodeURIComponent(settings.vhost);
    this.#timeout = settings.connectTimeout;
  }

  /** The broker's version. */
  async version(): Promise<string> {
    const overview = await this.#get("overview?columns=rabbitmq_version");
    const { rabbitmq_version: version } = overview as Readonly<Record<string, unknown>>;
    if (typeof version !== "string") throw this.#notTheAPI("tells no version of RabbitMQ");
    return version;
  }

  async nodes(): Promise<readonly ManagedNode[]> {
    const nodes = await this.#get("nodes?columns=name,running,mem_alarm,disk_free_alarm");
    return Array.isArray(nodes) ? (nodes as readonly ManagedNode[]) : [];
  }

  /** The queues of the virtual host whose names begin so. */
  async queues(prefix: string): Promise<readonly ManagedQueue[]> {
    const columns =
      "name,type,durable,arguments,policy,operator_policy,effective_policy_definition,members,online";
    const name = encodeURIComponent(`^${prefix.replaceAll(".", String.raw`\.`)}`);
    const found: ManagedQueue[] = [];
    for (let page = 1, pages = 1; page <= pages; page++) {
      const query = `page=${page}&page_size=${PAGE_SIZE}&name=${name}&use_regex=true&columns=${columns}`;
      const answer = await this.#get(`queues/${this.#vhost}?${query}`);
      const { items, page_count: count } = answer as Readonly<Record<string, unknown>>;
      if (Array.isArray(items)) found.push(...(items as readonly ManagedQueue[]));
      pages = typeof count === "number" ? count : 1;
    }
    return found;
  }

  /** @throws ManagementError */
  async #get(path: string): Promise<object> {
    const response = await this.#fetch(path);
    if (!response.ok) {
      await response.body?.cancel();
      throw this.#explain(response.status);
    }
    let answer: unknown;
    try {
      answer = await response.json();
    } catch {
      throw this.#notTheAPI("answers with something that is not JSON");
    }
    if (typeof answer !== "object" || answer === null) throw this.#notTheAPI("answers otherwise");
    return answer;
  }

  async #fetch(path: string): Promise<Response> {
    try {
      return await fetch(this.#base + path, {
        headers: { authorization: this.#authorization, accept: "application/json" },
        redirect: "manual",
        signal: AbortSignal.timeout(this.#timeout),
      });
    } catch (error) {
      const isLate = error instanceof Error && error.name === "TimeoutError";
      const why = isLate ? `no answer within ${this.#timeout} ms` : describeThrown(causeOf(error));
      throw new ManagementError(
        `Cannot reach the management API at ${this.where}: ${why}`,
        "Is the plugin enabled, and is this its port? rabbitmq-plugins enable rabbitmq_management; its port is 15672 most often.",
      );
    }
  }

  #explain(status: number): ManagementError {
    const rule = `Cannot look through the management API at ${this.where}, because it answers ${status}`;
    if (status === 401 || status === 403)
      return new ManagementError(
        `${rule}: this user may not look there`,
        "Give the user and the password in the URL, or the user the tag monitoring: rabbitmqctl set_user_tags USER monitoring",
      );
    if (status !== 404) return this.#notTheAPI(`answers ${status}`);
    return new ManagementError(
      `${rule}: it is not the API, or it does not know the virtual host`,
      "Name the address of the management page, without what follows its port, e.g. http://localhost:15672",
    );
  }

  #notTheAPI(what: string): ManagementError {
    return new ManagementError(
      `Cannot look through the management API, because ${this.where} ${what}`,
      "Is it the management page of RabbitMQ? Its port is 15672 most often.",
    );
  }
}

/** What `fetch` tells of a failure is in the cause on Node, and holds the URL on others, which has no password here. */
function causeOf(error: unknown): unknown {
  return error instanceof Error && error.cause instanceof Error ? error.cause : error;
}

function toBase64(text: string): string {
  return btoa(String.fromCharCode(...new TextEncoder().encode(text)));
}
