/** @ignore Read-only all the way down, as remote objects are frozen. */
export type Frozen<T> = unknown extends T
  ? T
  : T extends Scalar
    ? T
    : { readonly [Key in keyof T]: Frozen<T[Key]> };

type Scalar =
  | string
  | number
  | bigint
  | boolean
  | symbol
  | null
  | undefined
  | Date
  | ReadonlyMap<unknown, unknown>
  | ReadonlySet<unknown>
  | ((...args: never[]) => unknown);
