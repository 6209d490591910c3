const DIRECT_PREFIX = "amq.rabbitmq.reply-to.";
const SERVER_NAMED = /^amq\.gen-[\w+/=-]{1,64}$/;
const BASE64 = /^[A-Za-z0-9+/]+={0,2}$/;

/**
 * Decides whether a worker may publish into the queue that a caller names. The name comes from the caller, so anything
 * but its own reply queue would let it write into any queue with the worker's rights.
 */
export class ReplyToRule {
  readonly #allowedPrefixes: readonly string[];

  constructor(allowedPrefixes: readonly string[]) {
    this.#allowedPrefixes = allowedPrefixes;
  }

  allows(name: string): boolean {
    if (isDirectReplyTo(name)) return isWellFormed(name.slice(DIRECT_PREFIX.length));
    // Bytes that were no text: what is written there would not be what was read.
    if (name.includes("\ufffd")) return false;
    return (
      SERVER_NAMED.test(name) || this.#allowedPrefixes.some((prefix) => name.startsWith(prefix))
    );
  }
}

/** Whether a name is that of a caller's direct reply-to: https://www.rabbitmq.com/docs/direct-reply-to */
export function isDirectReplyTo(name: string): boolean {
  return name.startsWith(DIRECT_PREFIX);
}

// "<channel process>.<key>": an Erlang process id in the external term format, then random bytes, both in base64.
function isWellFormed(suffix: string): boolean {
  const [pid, key, ...rest] = suffix.split(".");
  if (pid === undefined || key === undefined || rest.length > 0) return false;
  if (!BASE64.test(key) || !BASE64.test(pid) || pid.length % 4 !== 0) return false;
  return isProcessId(Uint8Array.from(atob(pid), (char) => char.charCodeAt(0)));
}

// https://www.erlang.org/doc/apps/erts/erl_ext_dist.html: NEW_PID_EXT or PID_EXT around the node's name, an atom.
function isProcessId(bytes: Uint8Array): boolean {
  const view = new DataView(bytes.buffer);
  if (bytes.length < 4 || bytes[0] !== 131) return false;
  const creationSize = bytes[1] === 88 ? 4 : bytes[1] === 103 ? 1 : undefined;
  if (creationSize === undefined) return false;
  const atomTag = bytes[2];
  const wideLength = atomTag === 100 || atomTag === 118;
  if (!wideLength && atomTag !== 115 && atomTag !== 119) return false;
  if (wideLength && bytes.length < 5) return false;
  const nameLength = wideLength ? view.getUint16(3) : view.getUint8(3);
  const nameAt = wideLength ? 5 : 4;
  return nameLength > 0 && bytes.length === nameAt + nameLength + 4 + 4 + creationSize;
}
