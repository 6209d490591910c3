/**
 * Freezes plain objects and lists, all the way down. A remote object stands in every row that holds its id, so a change
 * made through one row would show in the others: it throws instead. A copy for each row would cost what sharing saves.
 *
 * What is frozen is taken for frozen all the way down: remote objects stand in others, and are not walked again.
 */
export function freeze<T>(value: T): T {
  if (!canFreeze(value)) return value;
  Object.freeze(value);
  // A list in place of recursion: rows may be nested deeper than the stack, and a schema's outcome may hold itself.
  let open: object[] | undefined;
  for (let object: object | undefined = value; object; object = open?.pop()) {
    for (const key in object) {
      const part = (object as Record<string, unknown>)[key];
      if (!canFreeze(part)) continue;
      Object.freeze(part);
      (open ??= []).push(part);
    }
  }
  return value;
}

function canFreeze(value: unknown): value is object {
  if (typeof value !== "object" || value === null || Object.isFrozen(value)) return false;
  if (Array.isArray(value)) return true;
  const prototype: unknown = Object.getPrototypeOf(value);
  // A Date or a Map, say, that a schema made keeps its state elsewhere.
  return prototype === Object.prototype || prototype === null;
}
