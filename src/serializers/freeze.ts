/**
 * Freezes plain objects and lists, all the way down. A remote object stands in every row that holds its id, so a change
 * made through one row would show in the others: it throws instead. A copy for each row would cost what sharing saves.
 *
 * Takes what is frozen for frozen all the way down: remote objects stand in others, and are not walked again.
 */
export function freeze<T>(value: T): T {
  if (!isPlain(value) || Object.isFrozen(value)) return value;
  Object.freeze(value);
  // A list in place of recursion: rows may be nested deeper than the stack, and a schema's outcome may hold itself.
  let open: object[] | undefined;
  for (let object: object | undefined = value; object; object = open?.pop()) {
    for (const key in object) {
      const part = (object as Record<string, unknown>)[key];
      if (!isPlain(part) || Object.isFrozen(part)) continue;
      Object.freeze(part);
      (open ??= []).push(part);
    }
  }
  return value;
}

/** {@link freeze} for what others made: they may have frozen the outside of it alone. */
export function freezeDeep<T>(value: T): T {
  if (!isPlain(value)) return value;
  let open: object[] | undefined;
  // Frozen parts that were walked: without it one that holds itself would have no end.
  let seen: Set<object> | undefined;
  if (Object.isFrozen(value)) seen = new Set([value]);
  else Object.freeze(value);
  for (let object: object | undefined = value; object; object = open?.pop()) {
    for (const key in object) {
      const part = (object as Record<string, unknown>)[key];
      if (!isPlain(part)) continue;
      if (Object.isFrozen(part)) {
        if (seen?.has(part)) continue;
        (seen ??= new Set()).add(part);
      } else Object.freeze(part);
      (open ??= []).push(part);
    }
  }
  return value;
}

function isPlain(value: unknown): value is object {
  if (typeof value !== "object" || value === null) return false;
  if (Array.isArray(value)) return true;
  const prototype: unknown = Object.getPrototypeOf(value);
  // A Date or a Map, say, that a schema made keeps its state elsewhere.
  return prototype === Object.prototype || prototype === null;
}
