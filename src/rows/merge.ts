import { BgtasksError } from "../errors.ts";
import { nameOf } from "../options/rules.ts";
import { isId, readField, writeField } from "./fields.ts";

/** A row that another service answered. */
export type MergeDict = Readonly<Record<string, unknown>>;

/**
 * Puts into `obj[field]`, which holds an id, the one of `dicts` whose `mergeField` is that id. An entry of `dicts` may
 * be a list: it is taken when its ids are those of a list in `obj[field]`, in whatever order, as in Python bgtasks.
 * Ids match as text: `1` and `"1"` are the same.
 *
 * @returns `obj`, changed; `undefined` when nothing matched
 * @throws BgtasksError with `code` `"not_merged"` when nothing matched and `raise` is true
 * @example
 * ```ts
 * import { merge } from "bgtasks";
 *
 * const user: Record<string, unknown> = { id: 1, image: 7 };
 * merge(user, "image", [{ id: 7, path: "/7.jpg" }], "id"); // { id: 1, image: { id: 7, path: "/7.jpg" } }
 * ```
 */
export function merge<T extends object>(
  obj: T,
  field: string,
  dicts: readonly (MergeDict | readonly MergeDict[])[],
  mergeField: string,
  raise = false,
): T | undefined {
  checkRow(obj, field);
  checkRows(dicts, field);
  const value = readField(obj, field);
  const found = dicts.find((dict) => {
    if (!Array.isArray(dict)) return isSameId(value, readField(dict, mergeField));
    return Array.isArray(value) && hasSameIds(value, dict as readonly MergeDict[], mergeField);
  });
  if (found !== undefined) {
    writeField(obj, field, found);
    return obj;
  }
  if (raise) throw notMerged(field, value, mergeField);
  return undefined;
}

/** {@link merge} for plain objects and single rows. */
export function mergeDict<T extends Record<string, unknown>>(
  obj: T,
  field: string,
  dicts: readonly MergeDict[],
  mergeField: string,
  raise = false,
): T | undefined {
  return merge(obj, field, dicts, mergeField, raise);
}

/** {@link merge} for class instances and single rows: the field may be an accessor. */
export function mergeObj<T extends object>(
  obj: T,
  field: string,
  dicts: readonly MergeDict[],
  mergeField: string,
  raise = false,
): T | undefined {
  return merge(obj, field, dicts, mergeField, raise);
}

/**
 * {@link merge} for many rows at once, in time that grows with rows plus dicts. A list of ids becomes the list of their
 * dicts. Ids without a dict stay as they are.
 *
 * @returns `rows`, each changed
 */
export function mergeMany<T extends object>(
  rows: readonly T[],
  field: string,
  dicts: readonly MergeDict[],
  mergeField: string,
): readonly T[] {
  checkRows(rows, field);
  checkRows(dicts, field);
  const byId = new Map<string, MergeDict>();
  for (const dict of dicts) {
    const id = readField(dict, mergeField);
    // The first of two dicts with one id wins, as in a search from the front.
    if (isId(id) && !byId.has(String(id))) byId.set(String(id), dict);
  }
  const resolve = (id: unknown): unknown => (isId(id) ? (byId.get(String(id)) ?? id) : id);
  for (const row of rows) {
    const value = readField(row, field);
    if (value === undefined) continue;
    writeField(row, field, Array.isArray(value) ? value.map(resolve) : resolve(value));
  }
  return rows;
}

function checkRow(row: unknown, field: string): void {
  if (typeof row === "object" && row !== null && !Array.isArray(row)) return;
  const many = Array.isArray(row) ? " (mergeMany() takes many)" : "";
  throw invalid(field, `it takes one row: ${nameOf(row)}${many}`);
}

function checkRows(rows: unknown, field: string): void {
  if (!Array.isArray(rows)) throw invalid(field, `it takes a list of rows: ${nameOf(rows)}`);
}

function invalid(field: string, rule: string): BgtasksError {
  return new BgtasksError("invalid_rows", `Cannot merge "${field}" because ${rule}`);
}

function hasSameIds(
  ids: readonly unknown[],
  dicts: readonly MergeDict[],
  mergeField: string,
): boolean {
  const found = dicts.map((dict) => readField(dict, mergeField));
  if (![...ids, ...found].every(isId)) return false;
  const wanted = new Set(ids.map(String));
  const texts = new Set(found.map(String));
  return wanted.size === texts.size && [...texts].every((id) => wanted.has(id));
}

function isSameId(a: unknown, b: unknown): boolean {
  return isId(a) && isId(b) && String(a) === String(b);
}

function notMerged(field: string, value: unknown, mergeField: string): BgtasksError {
  // Of an object anything may be asked but its text: a row from JSON may have a field "toString".
  const seen =
    isId(value) || value === undefined || value === null
      ? String(value)
      : `of type ${typeof value}`;
  return new BgtasksError(
    "not_merged",
    `Cannot merge "${field}" because no row has this "${mergeField}": ${seen}`,
  );
}
