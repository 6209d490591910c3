/** A value that identifies a row. Ids match as text: `1` and `"1"` are the same. */
export type ScalarId = string | number | bigint;

/** The parts of an id that is made of several fields, by their names. */
export type CompositeId = Readonly<Record<string, ScalarId>>;

/** What identifies a row: one value, or several by their names. */
export type RowId = ScalarId | CompositeId;

/** Whether a value may identify a row. JSON has no NaN and no Infinity, though it is read to the latter: `1e999`. */
export function isId(value: unknown): value is ScalarId {
  if (typeof value === "number") return Number.isFinite(value);
  return typeof value === "string" || typeof value === "bigint";
}

/**
 * The key under which maps keep an id: equal for ids that match. A number stands for its text, because maps are quicker
 * with numbers and most ids are numbers. Of an id of several parts they must be in the order of the merge key.
 */
export function idKey(id: RowId): string | number {
  if (typeof id === "number") return id;
  if (typeof id === "object") return JSON.stringify(Object.values(id).map(String));
  const text = typeof id === "string" ? id : String(id);
  const first = text.charCodeAt(0);
  const isDigitOrMinus = (first >= 48 && first <= 57) || first === 45;
  if (!isDigitOrMinus) return text;
  const number = Number(text);
  return String(number) === text ? number : text;
}

/** The id of several parts that a row or another object holds, in the order of their names; undefined where it holds none. */
export function readComposite(names: readonly string[], holder: object): CompositeId | undefined {
  const id: Record<string, ScalarId> = {};
  for (const name of names) {
    const part = readField(holder, name);
    if (!isId(part)) return undefined;
    writeField(id, name, part);
  }
  return id;
}

/** An id as messages show it. */
export function showId(id: unknown): string {
  if (typeof id !== "object" || id === null) return String(id);
  const parts = Object.entries(id).map(([name, part]) => `${name}=${String(part)}`);
  return parts.join(", ");
}

/** Whether a row has the field. What every object inherits from Object.prototype, such as "constructor", does not count. */
export function hasField(obj: object, field: string): boolean {
  return field in Object.prototype ? Object.hasOwn(obj, field) : field in obj;
}

/** The field of a row, own or by a getter of its class. */
export function readField(obj: object, field: string): unknown {
  if (field in Object.prototype && !Object.hasOwn(obj, field)) return undefined;
  return (obj as Record<string, unknown>)[field];
}

/** Sets a field, whatever its name. */
export function writeField(obj: object, field: string, value: unknown): void {
  if (field in Object.prototype) {
    // An assignment to "__proto__" would change what the object is.
    Object.defineProperty(obj, field, {
      value,
      writable: true,
      enumerable: true,
      configurable: true,
    });
  } else {
    (obj as Record<string, unknown>)[field] = value;
  }
}
