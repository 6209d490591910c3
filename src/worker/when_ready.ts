/** Goes on with a value: at once, or when its promise is fulfilled. A promise for each step would cost every call. */
export function whenReady<Value, Result>(
  value: Value | PromiseLike<Value>,
  goOn: (value: Value) => Result | Promise<Result>,
): Result | Promise<Result> {
  return isPromiseLike(value) ? Promise.resolve(value).then(goOn) : goOn(value);
}

/** Whether a value is still to come. */
export function isPromiseLike<Value>(
  value: Value | PromiseLike<Value>,
): value is PromiseLike<Value> {
  if (typeof value !== "object" || value === null) return false;
  return typeof (value as { then?: unknown }).then === "function";
}
