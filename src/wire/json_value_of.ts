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
              ? { [Key in keyof T as Key extends string | number ? Key : never]: JSONField<T[Key]> }
              : never;

/** What a field of type `T` is after a way through JSON: one that may be undefined may be missing on arrival. */
export type JSONField<T> =
  | JSONValueOf<Exclude<T, undefined>>
  | (undefined extends T ? undefined : never);
