import { NotJSONError } from "../errors.ts";
import { formatPath } from "../schema/issues.ts";
import { isTooDeep, MAX_DEPTH } from "./json_depth.ts";
import { describeThrown } from "./printable.ts";

/**
 * Writes a value as JSON. `undefined` becomes `null`, as Python's `None` does.
 *
 * `JSON.stringify` leaves functions and symbols out and turns `NaN` into `null`; here they are errors, as
 * what the peer gets must be what was said.
 *
 * @throws NotJSONError that names the path of what JSON cannot carry
 */
export function writeJSON(value: unknown): string {
  if (value === undefined) return "null";
  let text: string | undefined;
  try {
    // In this order: the quick look is on the path of every call, the search for the place is not.
    const found = mayLose(value) ? findNotJSON(value, [], new Set()) : undefined;
    if (found) throw found;
    text = JSON.stringify(value);
  } catch (error) {
    throw explain(value, error);
  }
  // A toJSON() of the value itself may say undefined.
  return text ?? "null";
}

/**
 * Reads JSON.
 *
 * @throws SyntaxError when the text is not JSON
 * @throws RangeError when it nests too deep
 */
export function readJSON(text: string): unknown {
  if (isTooDeep(text)) throw new RangeError(`nested deeper than ${MAX_DEPTH} levels`);
  return JSON.parse(text);
}

// Whether JSON.stringify may drop or change something. A cycle overflows the stack, which the caller catches.
function mayLose(value: unknown): boolean {
  if (typeof value === "object") return value !== null && mayLoseOf(value);
  if (typeof value === "number") return !Number.isFinite(value);
  return typeof value === "function" || typeof value === "symbol" || typeof value === "bigint";
}

// Texts, the most of what there is, take no call: with them 100 KB took 1.7 times as long.
function mayLoseOf(value: object): boolean {
  if (Array.isArray(value)) {
    for (let i = 0; i < value.length; i++) {
      const item: unknown = value[i];
      if (typeof item !== "string" && mayLose(item)) return true;
    }
    return false;
  }
  if (typeof (value as { toJSON?: unknown }).toJSON === "function") return false;
  // One look for plain objects, which most are.
  if (Object.getPrototypeOf(value) !== Object.prototype && kindOfLossy(value)) return true;
  for (const key in value) {
    const item = (value as Record<string, unknown>)[key];
    if (typeof item !== "string" && mayLose(item)) return true;
  }
  return false;
}

/** What an object is that JSON makes something else of, e.g. `{}`; undefined for one that it does not. */
function kindOfLossy(value: object): string | undefined {
  if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer)
    return `${articled(value.constructor.name)}, which text in base64 can carry`;
  if (value instanceof Map || value instanceof Set) return `a ${value.constructor.name}`;
  if (value instanceof Error) return "an Error, of which its message can be sent";
  return value instanceof RegExp ? "a RegExp, of which its source can be sent" : undefined;
}

function articled(name: string): string {
  return `${/^[AEIOU](?!int)/.test(name) ? "an" : "a"} ${name}`;
}

function findNotJSON(
  value: unknown,
  path: (string | number)[],
  parents: Set<object>,
): NotJSONError | undefined {
  if (typeof value !== "object" || value === null) {
    const fits =
      value === undefined ||
      value === null ||
      typeof value === "string" ||
      typeof value === "boolean";
    if (fits || (typeof value === "number" && Number.isFinite(value))) return undefined;
    return new NotJSONError(formatPath(path), describe(value));
  }
  if (parents.has(value)) return new NotJSONError(formatPath(path), "part of a cycle");
  if (typeof (value as { toJSON?: unknown }).toJSON === "function") return undefined;
  const kind = kindOfLossy(value);
  if (kind !== undefined) return new NotJSONError(formatPath(path), kind);
  // Deeper than any stack: leave it to the caller's general message.
  if (path.length > 1_000) return undefined;
  parents.add(value);
  for (const [key, item] of Object.entries(value)) {
    const found = findNotJSON(item, [...path, Array.isArray(value) ? Number(key) : key], parents);
    if (found) return found;
  }
  parents.delete(value);
  return undefined;
}

function describe(value: unknown): string {
  if (typeof value === "number") return String(value);
  if (typeof value === "bigint") return "a BigInt";
  if (typeof value === "undefined") return "undefined";
  return `a ${typeof value}`;
}

/** Why a value could not be written. What threw may be code of the value's own, and it may throw again. */
function explain(value: unknown, error: unknown): NotJSONError {
  try {
    if (error instanceof NotJSONError) return error;
    const found = findNotJSON(value, [], new Set());
    if (found) return found;
  } catch {
    // A getter or a Proxy; the first error tells as much.
  }
  return new NotJSONError("", `not serialisable: ${describeThrown(error)}`);
}
