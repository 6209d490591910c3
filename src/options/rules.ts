/** One thing that is wrong with a value, and where within it. */
interface RuleProblem {
  readonly path: readonly (string | number)[];
  readonly message: string;
}

/**
 * Finds what is wrong with a value. Our own options are checked by these and not by a schema library, because that would be
 * a fifth of what a web page gets.
 */
export type Rule = (value: unknown) => readonly RuleProblem[];

const FINE: readonly RuleProblem[] = [];

/** A value that passes a test, with what to say of one that does not. */
export function must(
  test: (value: unknown) => boolean,
  message: string | ((value: unknown) => string),
): Rule {
  return (value) => {
    if (test(value)) return FINE;
    return [{ path: [], message: typeof message === "string" ? message : message(value) }];
  };
}

/** Any value at all. */
export const anything: Rule = () => FINE;

/** `true` or `false`. */
export const flag: Rule = must((value) => typeof value === "boolean", "must be true or false");

/** Text. */
export const text: Rule = must((value) => typeof value === "string", "must be a string");

/** Text with at least one letter. */
export const name: Rule = all(
  text,
  must((value) => value !== "", "must not be empty"),
);

/** One of a few texts. */
export function oneOf(values: readonly string[], message: string): Rule {
  return must((value) => values.includes(value as string), message);
}

/** An object of one of these classes. */
export function instanceOf(
  kinds: readonly (abstract new (...args: never) => object)[],
  message: string,
): Rule {
  return must((value) => kinds.some((Kind) => value instanceof Kind), message);
}

/** A number from one limit to the other, both included. */
export function numberFrom(min: number, max: number, message: string): Rule {
  return must((value) => isNumber(value) && value >= min && value <= max, message);
}

/** A number above 0. */
export function numberAbove0(max: number, message: string): Rule {
  return must((value) => isNumber(value) && value > 0 && value <= max, message);
}

/** A number without a fraction, from one limit to the other. */
export function wholeNumber(
  min: number,
  max: number,
  message = `must be a whole number from ${min} to ${max}`,
): Rule {
  return must(
    (value) => Number.isInteger(value) && (value as number) >= min && (value as number) <= max,
    message,
  );
}

/** What is right by every rule. The first that says otherwise speaks alone. */
export function all(...rules: readonly Rule[]): Rule {
  return (value) => {
    for (const rule of rules) {
      const problems = rule(value);
      if (problems.length > 0) return problems;
    }
    return FINE;
  };
}

/** A list whose items are right by a rule. */
export function listOf(rule: Rule, message: string): Rule {
  return (value) => {
    if (!Array.isArray(value)) return [{ path: [], message }];
    return value.flatMap((item, index) => within(index, rule(item)));
  };
}

/** An object with any keys, whose values are right by a rule. */
export function recordOf(rule: Rule): Rule {
  return (value) => {
    if (!isObject(value)) return notAnObject(value);
    return Object.entries(value).flatMap(([key, item]) => within(key, rule(item)));
  };
}

/**
 * An object with these keys, each of which may be left out.
 *
 * @param entries what the value of each key has to be
 * @param unknownKey what to say of a key that is none of these
 */
export function objectOf(
  entries: Readonly<Record<string, Rule>>,
  unknownKey: (key: string) => string,
): Rule {
  return (value) => {
    if (!isObject(value)) return notAnObject(value);
    const problems: RuleProblem[] = [];
    for (const [key, rule] of Object.entries(entries)) {
      const item = value[key];
      if (item !== undefined) problems.push(...within(key, rule(item)));
    }
    for (const key in value) {
      if (!Object.hasOwn(entries, key)) problems.push({ path: [key], message: unknownKey(key) });
    }
    return problems;
  };
}

function notAnObject(value: unknown): readonly RuleProblem[] {
  return [{ path: [], message: `must be an object: ${nameOf(value)}` }];
}

function within(key: string | number, problems: readonly RuleProblem[]): readonly RuleProblem[] {
  if (problems.length === 0) return problems;
  return problems.map(({ path, message }) => ({ path: [key, ...path], message }));
}

function isNumber(value: unknown): value is number {
  return typeof value === "number" && !Number.isNaN(value);
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** A value's kind, for messages: never the value, which may be a password. */
export function nameOf(value: unknown): string {
  if (value === null) return "null";
  return Array.isArray(value) ? "a list" : typeof value;
}
