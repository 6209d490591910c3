import { MAX_TIMEOUT } from "../time/max_timeout.ts";

/** What an option must be, and whether it is. */
type Rule = readonly [rule: string, holds: (value: unknown) => boolean];

/** Rules that several functions have for their options. */
export const rules: Readonly<
  Record<"client" | "loader" | "signal" | "flag" | "count" | "time" | "timeout", Rule>
> = {
  client: ["must have the method call()", (value) => hasMethod(value, "call")],
  loader: ["must be a RemoteLoader", (value) => hasMethod(value, "load")],
  signal: ["must be an AbortSignal", (value) => value instanceof AbortSignal],
  flag: ["must be true or false", (value) => typeof value === "boolean"],
  count: [
    "must be a whole number above 0",
    (value) => value === Infinity || (Number.isInteger(value) && (value as number) > 0),
  ],
  time: [
    "must be a number of milliseconds above 0",
    (value) => typeof value === "number" && value > 0,
  ],
  timeout: [
    `must be a number of milliseconds, above 0 and at most ${MAX_TIMEOUT}`,
    (value) => typeof value === "number" && value > 0 && value <= MAX_TIMEOUT,
  ],
};

/**
 * What is wrong with options, all at once; nothing when they are right. What is undefined was left out. What else the object
 * has is nobody's concern: it may be made for more than this.
 */
export function brokenRules(options: object, allowed: Readonly<Record<string, Rule>>): string {
  const broken = Object.entries(allowed).flatMap(([name, [rule, holds]]) => {
    const value = (options as Readonly<Record<string, unknown>>)[name];
    return value === undefined || holds(value) ? [] : [`${name} ${rule}`];
  });
  return broken.join("; ");
}

function hasMethod(value: unknown, name: string): boolean {
  return (
    typeof value === "object" && value !== null && typeof Reflect.get(value, name) === "function"
  );
}
