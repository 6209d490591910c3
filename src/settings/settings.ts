import type { BrokerHost } from "./broker_url.ts";
import { MAX_LOGIN, toHost, vhostOf } from "./broker_url.ts";
import { readEnvironment } from "./environment.ts";
import type { SettingsProblem } from "../errors.ts";
import { SettingsError } from "../errors.ts";
import { formatPath } from "../schema/issues.ts";
import type { Rule } from "../options/rules.ts";
import { settingsRule } from "./settings_rules.ts";
import { byteLength } from "../messages/byte_length.ts";

/** How long to wait between attempts to reach the broker: a random time up to a limit that doubles. */
export interface ReconnectSettings {
  /** The limit after the first failed attempt, in milliseconds. @default {100} */
  readonly initial?: number | undefined;
  /** The highest limit, in milliseconds. @default {10_000} */
  readonly max?: number | undefined;
  /** Give up after this number of failed attempts in a row. @default {Infinity} */
  readonly attempts?: number | undefined;
}

/** TLS for `amqps://`. Each of the files' contents is PEM. */
export interface TLSSettings {
  /** Certificates of the authorities to trust instead of the system's. */
  readonly ca?: string | readonly string[] | undefined;
  /** The client's own certificate. */
  readonly cert?: string | undefined;
  /** The key of {@link TLSSettings.cert}. */
  readonly key?: string | undefined;
  /** What {@link TLSSettings.key} is encrypted with. */
  readonly passphrase?: string | undefined;
  /** The name the broker's certificate must carry, when it is not the host's. */
  readonly servername?: string | undefined;
}

/**
 * How to reach the broker, and what holds for every call. An option given to a class wins over
 * {@link configure}, that over the environment, and that over the default.
 */
export interface Settings {
  /** `amqp://user:password@host:port/vhost`, or `amqps://` for TLS. A list names the hosts of a cluster. Environment: `AMQP_URL`. */
  readonly url?: string | readonly string[] | undefined;
  /** Environment: `AMQP_USERNAME`. @default {"guest"} */
  readonly username?: string | undefined;
  /** Environment: `AMQP_PASSWORD`. @default {"guest"} */
  readonly password?: string | undefined;
  /** The virtual host. Environment: `AMQP_VHOST`. @default {"/"} */
  readonly vhost?: string | undefined;
  /** Environment: `AMQP_HOST`. @default {"localhost"} */
  readonly host?: string | undefined;
  /** Environment: `AMQP_PORT`. @default {5672, or 5671 with TLS} */
  readonly port?: number | undefined;
  /** How long a call may take, in milliseconds. Environment: `AMQP_RPC_TIMEOUT`, in seconds. @default {60_000} */
  readonly rpcTimeout?: number | undefined;
  /** Accepted from Python settings and not used: replies are pushed to us, nothing polls. Environment: `AMQP_RPC_SLEEP_TIME`. */
  readonly rpcSleepTime?: number | undefined;
  /** `"test"` keeps everything in this process, without a broker. Environment: `ENVIRONMENT`. */
  readonly environment?: string | undefined;
  /** The broker counts as gone after twice this time without a sign of life, in seconds. @default {30} */
  readonly heartbeatSeconds?: number | undefined;
  /** How long one attempt to connect may take, in milliseconds. @default {10_000} */
  readonly connectTimeout?: number | undefined;
  /** How long to wait between attempts to connect. */
  readonly reconnect?: ReconnectSettings | undefined;
  /** The largest AMQP frame, in bytes; the broker may ask for less. @default {131_072} */
  readonly frameMax?: number | undefined;
  /**
   * The largest body that is sent or taken, in bytes: a request, or a reply.
   * @default {16_777_216}
   */
  readonly maxMessageBytes?: number | undefined;
  /** Certificates, for `amqps://`. */
  readonly tls?: TLSSettings | undefined;
  /** What the broker's management page calls this connection. Environment: `AMQP_NAME`. @default {"bgtasks"} */
  readonly name?: string | undefined;
  /**
   * Queues that a worker may reply into, besides those that brokers name themselves: prefixes of queue
   * names. A caller chooses where its reply goes, so anything allowed here can be written by any caller.
   * Environment: `AMQP_ALLOW_REPLY_TO`, with commas between them.
   * @default {[]}
   */
  readonly allowReplyTo?: readonly string[] | undefined;
  /**
   * Names of headers that calls and jobs with the option `within` take along from the request that they are made within, besides
   * `traceparent`, `tracestate` and `baggage`. Environment: `AMQP_INHERIT_HEADERS`, with commas between them.
   * @default {[]}
   */
  readonly inheritHeaders?: readonly string[] | undefined;
}

export type { BrokerHost } from "./broker_url.ts";

/** Settings with every default filled in. */
export interface ResolvedSettings {
  readonly hosts: readonly BrokerHost[];
  readonly username: string;
  readonly password: string;
  readonly vhost: string;
  readonly rpcTimeout: number;
  readonly environment: string | undefined;
  readonly heartbeatSeconds: number;
  readonly connectTimeout: number;
  readonly reconnect: { readonly initial: number; readonly max: number; readonly attempts: number };
  readonly frameMax: number;
  readonly maxMessageBytes: number;
  readonly tls: TLSSettings;
  readonly name: string;
  readonly allowReplyTo: readonly string[];
  readonly inheritHeaders: readonly string[];
}

/** Which variable speaks for which key, and how its text is read. */
const ENVIRONMENT: readonly (readonly [
  variable: string,
  key: keyof Settings,
  read: (value: string) => unknown,
])[] = [
  ["AMQP_URL", "url", (value) => (value.includes(",") ? listOf(value) : value)],
  ["AMQP_USERNAME", "username", String],
  ["AMQP_PASSWORD", "password", String],
  ["AMQP_VHOST", "vhost", String],
  ["AMQP_HOST", "host", String],
  ["AMQP_PORT", "port", Number],
  ["AMQP_RPC_TIMEOUT", "rpcTimeout", (value) => Number(value) * 1_000],
  ["AMQP_RPC_SLEEP_TIME", "rpcSleepTime", Number],
  ["AMQP_NAME", "name", String],
  ["AMQP_ALLOW_REPLY_TO", "allowReplyTo", listOf],
  ["AMQP_INHERIT_HEADERS", "inheritHeaders", listOf],
  ["ENVIRONMENT", "environment", String],
];

let configured: Settings = {};

/** Made when settings are first looked at. */
let rule: Rule | undefined;

/**
 * Sets the settings of this process. What an earlier call set and this one does not stays, also within `reconnect` and
 * `tls`; `configure({ url: undefined })` takes one back.
 *
 * @throws SettingsError that lists every unknown key and bad value
 * @example
 * ```ts
 * import { configure } from "bgtasks";
 *
 * configure({ url: "amqp://guest:guest@localhost", rpcTimeout: 5_000 });
 * ```
 */
export function configure(settings: Settings): void {
  const problems = check(settings);
  if (problems.length > 0) throw new SettingsError(problems);
  const { reconnect, tls } = settings;
  configured = {
    ...configured,
    ...settings,
    ...(reconnect && { reconnect: { ...configured.reconnect, ...reconnect } }),
    ...(tls && { tls: { ...configured.tls, ...tls } }),
  };
}

/**
 * Fills in what `explicit` leaves out.
 *
 * @throws SettingsError that lists every unknown key and bad value, those of the environment too
 */
export function resolveSettings(explicit: Settings = {}): ResolvedSettings {
  const environment = fromEnvironment();
  const problems = [...check(explicit), ...environment.problems];
  if (problems.length > 0) throw new SettingsError(problems);
  const levels = [environment.settings, configured, explicit];
  const merged: Settings = mergeLevels(levels);
  const reconnect: ReconnectSettings = mergeLevels(levels.map((level) => level.reconnect ?? {}));
  const endpoint = resolveEndpoint(levels);
  // Each part may come from another place.
  const login = byteLength(endpoint.username) + byteLength(endpoint.password);
  if (login > MAX_LOGIN) {
    const message = `must be at most ${MAX_LOGIN} bytes together with the user name`;
    throw new SettingsError([{ path: "password", message }]);
  }
  return {
    ...endpoint,
    rpcTimeout: merged.rpcTimeout ?? 60_000,
    environment: merged.environment,
    heartbeatSeconds: merged.heartbeatSeconds ?? 30,
    connectTimeout: merged.connectTimeout ?? 10_000,
    reconnect: {
      initial: reconnect.initial ?? 100,
      max: reconnect.max ?? 10_000,
      attempts: reconnect.attempts ?? Infinity,
    },
    frameMax: merged.frameMax ?? 131_072,
    maxMessageBytes: merged.maxMessageBytes ?? 16 * 1_024 * 1_024,
    tls: mergeLevels(levels.map((level) => level.tls ?? {})),
    name: merged.name ?? "bgtasks",
    allowReplyTo: merged.allowReplyTo ?? [],
    inheritHeaders: merged.inheritHeaders ?? [],
  };
}

/** The settings given in one place, and the variables that gave those of the environment. */
export interface SettingsLevel {
  readonly from: "environment" | "configure" | "explicit";
  readonly settings: Settings;
  readonly variables: Readonly<Partial<Record<keyof Settings, string>>>;
}

/** What was set where, the weakest first: for reports on where a value comes from. */
export function settingsLevels(explicit: Settings): readonly SettingsLevel[] {
  const variables = Object.fromEntries(ENVIRONMENT.map(([variable, key]) => [key, variable]));
  return [
    { from: "environment", settings: fromEnvironment().settings, variables },
    { from: "configure", settings: withoutUndefined(configured), variables: {} },
    { from: "explicit", settings: withoutUndefined(explicit), variables: {} },
  ];
}

/** Whether `settings` ask for the loopback, which needs no broker. */
export function isLoopback(settings: ResolvedSettings): boolean {
  return settings.environment === "test";
}

/** The parts of a variable that holds a list. */
function listOf(value: string): readonly string[] {
  return value.split(",").map((part) => part.trim());
}

function fromEnvironment(): { settings: Settings; problems: SettingsProblem[] } {
  const settings: Record<string, unknown> = {};
  const problems: SettingsProblem[] = [];
  for (const [variable, key, read] of ENVIRONMENT) {
    const value = readEnvironment(variable);
    if (value === undefined || value === "") continue;
    const setting = { [key]: read(value) };
    const found = check(setting);
    problems.push(
      ...found.map(({ message }) => ({
        path: variable,
        message: `environment variable ${message}`,
      })),
    );
    Object.assign(settings, setting);
  }
  return { settings, problems };
}

// Each level may name the whole endpoint by URL and single parts of it by key, and wins over those below.
function resolveEndpoint(
  levels: readonly Settings[],
): Pick<ResolvedSettings, "hosts" | "username" | "password" | "vhost"> {
  let hosts: readonly BrokerHost[] = [{ host: "localhost", port: 5_672, tls: false }];
  let [username, password, vhost] = ["guest", "guest", "/"];
  for (const level of levels) {
    if (level.url !== undefined) {
      const texts = typeof level.url === "string" ? [level.url] : level.url;
      const urls = texts.map((url) => new URL(url));
      hosts = urls.map(toHost);
      const [first] = urls;
      if (first?.username) username = decodeURIComponent(first.username);
      if (first?.password) password = decodeURIComponent(first.password);
      vhost = vhostOf(texts[0] ?? "") ?? vhost;
    }
    const { host, port } = level;
    if (host !== undefined)
      hosts = [{ host, port: hosts[0]?.port ?? 5_672, tls: hosts[0]?.tls ?? false }];
    if (port !== undefined) hosts = hosts.map((known) => ({ ...known, port }));
    username = level.username ?? username;
    password = level.password ?? password;
    vhost = level.vhost ?? vhost;
  }
  return { hosts, username, password, vhost };
}

function check(settings: unknown): SettingsProblem[] {
  return (rule ??= settingsRule())(settings).map(({ path, message }) => ({
    path: formatPath(path) || "settings",
    message,
  }));
}

/** Puts settings over those of weaker levels. */
function mergeLevels<T extends object>(levels: readonly T[]): T {
  return Object.assign({}, ...levels.map(withoutUndefined)) as T;
}

function withoutUndefined<T extends object>(object: T): T {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined)) as T;
}
