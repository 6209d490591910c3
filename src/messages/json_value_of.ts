/**
 * What a value of type `T` is after a way through JSON: dates become strings, `undefined` becomes `null` or is left out,
 * functions do not arrive.
 */
export type JSONValueOf<T> = unknown extends T
  ? T
  : T extends { toJSON(): infer Written }
    ? JSONValueOf<Written>
    : T extends string | number | boolean | null
      ? T
      : T extends undefined | void
        ? null
        : T extends bigint | symbol | ((...args: never[]) => unknown)
          ? never
          : T extends readonly unknown[]
            ? { [Index in keyof T]: JSONValueOf<T[Index]> }
            : T extends object
              ? {
                  // What may be undefined may be missing on arrival.
                  [Key in keyof T as Key extends string | number ? Key : never]:
                    | JSONValueOf<Exclude<T[Key], undefined>>
                    | (undefined extends T[Key] ? undefined : never);
                }
              : never;

/**
 * An input as a caller may pass it: itself, where what arrives of it is what the task takes. In place of what JSON changes,
 * e.g. a `Date`, there is a text that says what to do, which the compiler shows.
 */
export type SendableOf<T> = [Arrival<T>] extends [T] ? T : WithAdvice<T>;

declare const lost: unique symbol;

/** In place of what does not arrive: fits nothing. */
interface Lost {
  readonly [lost]: never;
}

/** @ignore What a task gets of an input. The same as {@link JSONValueOf}, but for what that leaves out. */
type Arrival<T> = unknown extends T
  ? T
  : T extends string | number | boolean | null | undefined | void
    ? T
    : T extends { toJSON(): infer Written }
      ? Arrival<Written>
      : T extends bigint | symbol | ((...args: never[]) => unknown) | Collection
        ? Lost
        : T extends readonly unknown[]
          ? { [Index in keyof T]: Arrival<T[Index]> }
          : T extends object
            ? { [Key in keyof T]: Arrival<T[Key]> }
            : T;

/** What JSON makes an object with other fields of, or none at all. */
type Collection =
  | ReadonlyMap<never, unknown>
  | ReadonlySet<unknown>
  | ArrayBufferView
  | ArrayBuffer
  | RegExp
  | Error;

/** @ignore What the compiler shows in place of what JSON changes. */
type WithAdvice<T> = T extends { toJSON(): string }
  ? "JSON makes text of a Date: let the task take text, and make a Date of it there"
  : T extends bigint
    ? "JSON has no bigint: let the task take text"
    : T extends Collection | symbol | ((...args: never[]) => unknown)
      ? "JSON cannot carry this: let the task take plain objects, lists, text and numbers"
      : T extends object
        ? { [Key in keyof T]: SendableOf<T[Key]> }
        : T;
