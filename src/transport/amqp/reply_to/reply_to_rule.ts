/** How RabbitMQ names a caller's direct reply-to: https://www.rabbitmq.com/docs/direct-reply-to */
const DIRECT_PREFIX = "amq.rabbitmq.reply-to.";
/** How LavinMQ does. A name that it cannot resolve is only unroutable there, and on RabbitMQ no client can make one. */
const LAVINMQ_DIRECT = /^amq\.direct\.reply-to\.[\w.+/=-]{1,200}$/;
const SERVER_NAMED = /^amq\.gen-[\w+/=-]{1,64}$/;
const BASE64 = /^[A-Za-z0-9+/]+={0,2}$/;

/**
 * How RabbitMQ, from 3.10 on, writes the node of the process into a direct reply-to name: a hash in place of its name. 4.0
 * takes any other text for the name of a node and tries to connect to it, for as long as seven seconds.
 */
const HASHED_NODE = /^reply@\d{1,10}$/;

/** Bits that a process's number and serial have on every Erlang; from OTP 26 on they may have more. */
const [NUMBER_BITS, SERIAL_BITS] = [15, 13];

/** What the form of a reply queue's name tells. */
export type ReplyQueue =
  | { readonly kind: "allowed" | "refused" }
  /** A direct reply-to of RabbitMQ: it is good if the broker can resolve processes of this `node`. */
  | { readonly kind: "process"; readonly node: string }
  /** A queue that some client named. */
  | { readonly kind: "named" };

const ALLOWED: ReplyQueue = { kind: "allowed" };
const REFUSED: ReplyQueue = { kind: "refused" };
const NAMED: ReplyQueue = { kind: "named" };

/**
 * Tells what a caller's reply queue is, by its name. The name comes from the caller, so anything but its own reply queue
 * would let it write into any queue with the worker's rights.
 */
export class ReplyToRule {
  readonly #allowedPrefixes: readonly string[];

  constructor(allowedPrefixes: readonly string[]) {
    this.#allowedPrefixes = allowedPrefixes;
  }

  judge(name: string): ReplyQueue {
    if (name.startsWith(DIRECT_PREFIX)) {
      const node = nodeOf(name);
      return node === undefined ? REFUSED : { kind: "process", node };
    }
    // Bytes that were no text: what is written there would not be what was read.
    if (name.includes("\ufffd")) return REFUSED;
    if (this.#allowedPrefixes.some((prefix) => name.startsWith(prefix))) return ALLOWED;
    if (name.startsWith("amq."))
      return SERVER_NAMED.test(name) || LAVINMQ_DIRECT.test(name) ? ALLOWED : REFUSED;
    return NAMED;
  }
}

/**
 * The node of the process in a direct reply-to name, and how many bits the process's numbers take: whether a broker can
 * resolve a name depends on these alone. `undefined` for a name that no broker made.
 */
export function nodeOf(directName: string): string | undefined {
  const [pid, key, ...rest] = directName.slice(DIRECT_PREFIX.length).split(".");
  if (pid === undefined || key === undefined || rest.length > 0) return undefined;
  if (!BASE64.test(key) || !BASE64.test(pid) || pid.length % 4 !== 0) return undefined;
  return readProcessId(Uint8Array.from(atob(pid), (char) => char.charCodeAt(0)));
}

// https://www.erlang.org/doc/apps/erts/erl_ext_dist.html: NEW_PID_EXT or PID_EXT around the node's name, an atom.
function readProcessId(bytes: Uint8Array): string | undefined {
  const view = new DataView(bytes.buffer);
  if (bytes.length < 4 || bytes[0] !== 131) return undefined;
  const creationSize = bytes[1] === 88 ? 4 : bytes[1] === 103 ? 1 : undefined;
  if (creationSize === undefined) return undefined;
  const atomTag = bytes[2];
  const wideLength = atomTag === 100 || atomTag === 118;
  if (!wideLength && atomTag !== 115 && atomTag !== 119) return undefined;
  if (wideLength && bytes.length < 5) return undefined;
  const nameLength = wideLength ? view.getUint16(3) : view.getUint8(3);
  const nameEnd = (wideLength ? 5 : 4) + nameLength;
  if (nameLength === 0 || bytes.length !== nameEnd + 4 + 4 + creationSize) return undefined;
  const name = String.fromCharCode(...bytes.subarray(nameEnd - nameLength, nameEnd));
  if (!HASHED_NODE.test(name)) return undefined;
  const form = String.fromCharCode(...bytes.subarray(1, nameEnd));
  const number = Math.max(NUMBER_BITS, 32 - Math.clz32(view.getUint32(nameEnd)));
  const serial = Math.max(SERIAL_BITS, 32 - Math.clz32(view.getUint32(nameEnd + 4)));
  return `${number} ${serial} ${form}`;
}
