import { byteLength } from "../messages/byte_length.ts";

/** One host of the broker. */
export interface BrokerHost {
  readonly host: string;
  readonly port: number;
  readonly tls: boolean;
}

/** What user name and password may take together, in bytes: they travel in one frame, which has an end. */
export const MAX_LOGIN: number = 7_000;

/**
 * Whether a URL says what it seems to say. With a slash too few or too many, or with a character that is not encoded, a
 * user name or a password becomes a host or a virtual host, and those are in messages.
 */
export function isBrokerURL(url: string): boolean {
  try {
    if (!/^\s*amqps?:\/\//i.test(url)) return false;
    const { username, password, hostname, search, hash } = new URL(url);
    const vhost = vhostOf(url) ?? "";
    if ([username, password].some((part) => byteLength(decodeURIComponent(part)) > MAX_LOGIN))
      return false;
    if (/@/.test(pathOf(url) + search) || hash !== "" || byteLength(vhost) > 255) return false;
    return isHost(hostname.replace(/^\[|\]$/g, ""));
  } catch {
    return false;
  }
}

/** Whether a text is a host name or an address, without a port and without anything of a URL. */
export function isHost(host: string): boolean {
  return /^[\p{L}\p{N}_.~-]+$/u.test(host) || /^(?=.*:.*:)[\da-f:.]+(?:%[\w.~-]+)?$/i.test(host);
}

/** The virtual host that a URL names, or `undefined` when its path is empty. */
export function vhostOf(url: string): string | undefined {
  return decodeURIComponent(pathOf(url)) || undefined;
}

// Read from the text, because a `URL` takes the virtual hosts `.` and `..` for steps of its path and drops them.
function pathOf(url: string): string {
  return /^\s*amqps?:\/\/[^/?#]*\/([^?#]*)/i.exec(url)?.[1]?.trimEnd() ?? "";
}

/** The host of a URL that {@link isBrokerURL} lets pass. */
export function toHost(url: URL): BrokerHost {
  const tls = url.protocol === "amqps:";
  // Brackets belong to an IPv6 address only within a URL.
  const host = url.hostname.replace(/^\[|\]$/g, "") || "localhost";
  return { host, port: Number(url.port) || (tls ? 5_671 : 5_672), tls };
}
