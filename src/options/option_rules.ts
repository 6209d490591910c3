import { formatPath } from "../schema/issues.ts";
import { MAX_TIMEOUT } from "../time/max_timeout.ts";
import type { Rule } from "./rules.ts";
import { numberAbove0, numberFrom, objectOf, wholeNumber } from "./rules.ts";

/** A whole number from 1 on that fits what AMQP counts with. */
export const count = (): Rule => wholeNumber(1, 65_535);

/** A time that timers of all runtimes take, above 0. */
export const milliseconds = (): Rule =>
  numberAbove0(MAX_TIMEOUT, `must be a number of milliseconds above 0, at most ${MAX_TIMEOUT}`);

/** The same for brokers, which take no fractions. */
export const wholeMilliseconds = (): Rule =>
  wholeNumber(
    1,
    MAX_TIMEOUT,
    `must be a whole number of milliseconds above 0, at most ${MAX_TIMEOUT}`,
  );

/** A time that may be none at all. */
export const millisecondsFrom0 = (): Rule =>
  numberFrom(0, MAX_TIMEOUT, `must be a number of milliseconds from 0 to ${MAX_TIMEOUT}`);

/** An object of options: each may be left out, and a key that is none of them is refused. */
export function optionsOf(entries: Readonly<Record<string, Rule>>): Rule {
  return objectOf(entries, (key) => `is not an option${didYouMean(key, Object.keys(entries))}`);
}

/** Everything that is wrong with options, in one line; undefined when nothing is. */
export function describeProblems(rule: Rule, options: unknown): string | undefined {
  const problems = rule(options);
  if (problems.length === 0) return undefined;
  return problems
    .map(({ path, message }) => `${formatPath(path) || "its options"} ${message}`)
    .join("; ");
}

/** What was probably meant, as the end of a sentence; empty when nothing is near. */
export function didYouMean(word: string, known: Iterable<string>): string {
  const near = [...known]
    .map((name) => ({ name, steps: distance(word.toLowerCase(), name.toLowerCase()) }))
    .filter(({ name, steps }) => steps <= Math.min(2, Math.floor(name.length / 3)))
    .sort((a, b) => a.steps - b.steps)[0];
  return near ? `; did you mean ${near.name}?` : "";
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
