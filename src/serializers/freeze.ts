/**
 * Freezes plain objects and lists, all the way down. A remote object stands in every row that holds its id, so a change
 * made through one row would show in the others: it throws instead. A copy for each row would cost what sharing saves.
 */
export function freeze<T>(value: T): T {
  if (typeof value !== "object" || value === null || Object.isFrozen(value)) return value;
  if (Array.isArray(value)) {
    for (const item of value) freeze(item);
    return Object.freeze(value);
  }
  const prototype: unknown = Object.getPrototypeOf(value);
  // A Date or a Map, say, that a schema made keeps its state elsewhere.
  if (prototype !== Object.prototype && prototype !== null) return value;
  for (const key in value) freeze(value[key]);
  return Object.freeze(value);
}
