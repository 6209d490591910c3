import * as v from "valibot";

import { formatPath, toKey } from "../issues.ts";
import { MAX_TIMEOUT } from "../max_timeout.ts";

/** One thing that is wrong with options, and where. */
interface OptionProblem {
  /** The option, e.g. `"queue.type"`; empty for the options as a whole. */
  readonly path: string;
  readonly message: string;
}

/** A whole number from 1 on that fits what AMQP counts with. */
export const count = (): v.GenericSchema =>
  wholeNumber(65_535, "must be a whole number from 1 to 65535");

/** One check, so that a fraction below 1 is told once. */
function wholeNumber(max: number, rule: string): v.GenericSchema {
  return v.pipe(
    v.number(rule),
    v.check((value) => Number.isInteger(value) && value >= 1 && value <= max, rule),
  );
}

/** A time that timers of all runtimes take, above 0. */
export const milliseconds = (): v.GenericSchema => {
  const rule = `must be a number of milliseconds above 0, at most ${MAX_TIMEOUT}`;
  return v.pipe(v.number(rule), v.gtValue(0, rule), v.maxValue(MAX_TIMEOUT, rule));
};

/** The same for brokers, which take no fractions. */
export const wholeMilliseconds = (): v.GenericSchema =>
  wholeNumber(
    MAX_TIMEOUT,
    `must be a whole number of milliseconds above 0, at most ${MAX_TIMEOUT}`,
  );

/** A time that may be none at all. */
export const millisecondsFrom0 = (): v.GenericSchema => {
  const rule = `must be a number of milliseconds from 0 to ${MAX_TIMEOUT}`;
  return v.pipe(v.number(rule), v.minValue(0, rule), v.maxValue(MAX_TIMEOUT, rule));
};

/** An object of options: each may be left out, and a key that is none of them is refused. */
export function optionsOf(entries: Readonly<Record<string, v.GenericSchema>>): v.GenericSchema {
  const optional = Object.fromEntries(
    Object.entries(entries).map(([key, schema]) => [key, v.optional(schema)]),
  );
  const names = Object.keys(entries);
  return v.strictObject(optional, (issue) => {
    if (issue.expected !== "never") return "must be an object";
    const key = String(issue.path?.at(-1)?.key);
    return `is not an option${didYouMean(key, names)}`;
  });
}

/** Everything that is wrong with options. */
function findProblems(schema: v.GenericSchema, options: unknown): OptionProblem[] {
  const { issues = [] } = v.safeParse(schema, options);
  return issues.map(({ path = [], message, input }) => ({
    path: formatPath(path.map(({ key }) => toKey(key))),
    message: message === "must be an object" ? `${message}: ${nameOf(input)}` : message,
  }));
}

/** Everything that is wrong with options, in one line; undefined when nothing is. */
export function describeProblems(schema: v.GenericSchema, options: unknown): string | undefined {
  const problems = findProblems(schema, options);
  if (problems.length === 0) return undefined;
  return problems.map(({ path, message }) => `${path || "its options"} ${message}`).join("; ");
}

/** What was probably meant, as the end of a sentence; empty when nothing is near. */
export function didYouMean(word: string, known: Iterable<string>): string {
  const near = [...known]
    .map((name) => ({ name, steps: distance(word.toLowerCase(), name.toLowerCase()) }))
    .filter(({ name, steps }) => steps <= Math.min(2, Math.floor(name.length / 3)))
    .sort((a, b) => a.steps - b.steps)[0];
  return near ? `; did you mean ${near.name}?` : "";
}

/** A value's kind, for messages: never the value, which may be a password. */
export function nameOf(value: unknown): string {
  if (value === null) return "null";
  return Array.isArray(value) ? "a list" : typeof value;
}

/** How many letters have to be added, removed or changed to make one word of another. */
function distance(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (let i = 1; i <= from.length; i++) {
    const next = [i];
    for (let j = 1; j <= to.length; j++) {
      const changed = (row[j - 1] ?? 0) + (from[i - 1] === to[j - 1] ? 0 : 1);
      next.push(Math.min(changed, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[to.length] ?? 0;
}
