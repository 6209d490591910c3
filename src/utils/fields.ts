/** What identifies a row. Ids match as text: `1` and `"1"` are the same. */
export type RowId = string | number | bigint;

export function isId(value: unknown): value is RowId {
  return typeof value === "string" || typeof value === "number" || typeof value === "bigint";
}

/** Whether a row has the field. What every object inherits from Object.prototype, "constructor" for one, is no field. */
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
