const DIRECT_PREFIX = "amq.rabbitmq.reply-to.";
const SERVER_NAMED = /^amq\.gen-[\w+/=-]{1,64}$/;
const BASE64 = /^[A-Za-z0-9+/]+={0,2}$/;

/** How many names to remember. A caller uses one for all its calls. */
const MEMORY = 1_000;

/**
 * Decides whether a worker may publish into the queue that a caller names. The name comes from the caller, so anything
 * but its own reply queue would let it write into any queue with the worker's rights.
 *
 * Direct reply-to names are checked in full: RabbitMQ up to 3.10 ends the whole connection with 541 for one that it
 * cannot decode, so that one hostile caller would stop the worker for all.
 */
export class ReplyToRule {
  readonly #allowedPrefixes: readonly string[];
  readonly #known = new Map<string, boolean>();

  constructor(allowedPrefixes: readonly string[]) {
    this.#allowedPrefixes = allowedPrefixes;
  }

  allows(name: string): boolean {
    const known = this.#known.get(name);
    if (known !== undefined) return known;
    const allowed = this.#check(name);
    if (this.#known.size >= MEMORY) this.#known.clear();
    this.#known.set(name, allowed);
    return allowed;
  }

  #check(name: string): boolean {
    if (name.startsWith(DIRECT_PREFIX)) return isDirectReplyTo(name.slice(DIRECT_PREFIX.length));
    return (
      SERVER_NAMED.test(name) || this.#allowedPrefixes.some((prefix) => name.startsWith(prefix))
    );
  }
}

// "<channel process>.<key>": an Erlang process id in the external term format, then random bytes, both in base64.
function isDirectReplyTo(suffix: string): boolean {
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
