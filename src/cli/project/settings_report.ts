import { vhostOf } from "../../settings/broker_url.ts";
import type { ResolvedSettings, Settings, SettingsLevel } from "../../settings/settings.ts";
import { settingsLevels } from "../../settings/settings.ts";

/** One setting in force, and where it comes from. */
export interface SettingReport {
  readonly key: string;
  /** As text. Passwords and keys are never told. */
  readonly value: string;
  /** A variable's name, `configure()`, the command's option, or `default`. */
  readonly source: string;
}

/** Parts of the endpoint that a URL may name. */
const IN_URL: Readonly<Partial<Record<keyof Settings, (url: string) => boolean>>> = {
  username: (url) => new URL(url).username !== "",
  password: (url) => new URL(url).password !== "",
  vhost: (url) => vhostOf(url) !== undefined,
};

/** The settings in force, the broker's address first. */
export function reportSettings(
  settings: ResolvedSettings,
  explicit: Settings,
): readonly SettingReport[] {
  const levels = [...settingsLevels(explicit)].reverse();
  const hosts = settings.hosts.map(
    ({ host, port, tls }) => `${host}:${port}${tls ? " (TLS)" : ""}`,
  );
  const row = (key: keyof Settings, value: string): SettingReport => ({
    key,
    value,
    source: sourceOf(key, levels),
  });
  return [
    { key: "host", value: hosts.join(", "), source: hostSource(levels) },
    row("vhost", settings.vhost),
    row("username", settings.username),
    row("password", "not shown"),
    row("environment", settings.environment ?? "not set"),
    row("name", settings.name),
    row("rpcTimeout", `${settings.rpcTimeout} ms`),
    row("connectTimeout", `${settings.connectTimeout} ms`),
    row("heartbeatSeconds", `${settings.heartbeatSeconds} s`),
    row("reconnect", describeReconnect(settings)),
    row("frameMax", `${settings.frameMax} bytes`),
    row("maxMessageBytes", `${settings.maxMessageBytes} bytes`),
    row("tls", Object.keys(settings.tls).join(", ") || "not set"),
    row("allowReplyTo", settings.allowReplyTo.join(", ") || "none"),
    row("inheritHeaders", settings.inheritHeaders.join(", ") || "none"),
  ];
}

/** Whether anything but the defaults says where the broker is. */
export function namesBroker(explicit: Settings): boolean {
  return settingsLevels(explicit).some(
    ({ settings }) => settings.url !== undefined || settings.host !== undefined,
  );
}

function describeReconnect({ reconnect: { initial, max, attempts } }: ResolvedSettings): string {
  const end = attempts === Infinity ? "without end" : `${attempts} attempts`;
  return `${initial} ms to ${max} ms, ${end}`;
}

/** The strongest place that says anything of it. */
function sourceOf(key: keyof Settings, levels: readonly SettingsLevel[]): string {
  for (const level of levels) {
    if (level.settings[key] !== undefined) return describeSource(level, key);
    const { url } = level.settings;
    const [first] = typeof url === "string" ? [url] : (url ?? []);
    if (first !== undefined && IN_URL[key]?.(first)) return describeSource(level, "url");
  }
  return "default";
}

/** Host and port may come from different places. */
function hostSource(levels: readonly SettingsLevel[]): string {
  const find = (key: "host" | "port"): string => {
    for (const level of levels) {
      if (level.settings[key] !== undefined) return describeSource(level, key);
      if (level.settings.url !== undefined) return describeSource(level, "url");
    }
    return "default";
  };
  return [...new Set([find("host"), find("port")])].join(", port ");
}

function describeSource({ from, variables }: SettingsLevel, key: keyof Settings): string {
  if (from === "environment") return variables[key] ?? from;
  if (from === "configure") return "configure()";
  return `--${key}`;
}
