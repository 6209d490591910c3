import * as v from "valibot";

import type { FieldErrors } from "../errors.ts";
import { ValidationError } from "../errors.ts";
import { NON_FIELD_ERRORS, toKey } from "../schema/issues.ts";
import { NOT_NULL } from "./messages.ts";

/** Options of {@link IntegerListSerializer}. */
export interface IntegerListOptions {
  /** Whatever a caller sent. */
  readonly data: unknown;
  /** Whether a list without items is a list of integers. @default {true} */
  readonly allowEmpty?: boolean | undefined;
}

/** A list of integers that somebody sent, checked. */
export interface IntegerList {
  /** Whether it is one. */
  isValid(): boolean;
  /**
   * The integers.
   *
   * @throws ValidationError when {@link IntegerList.isValid} says no
   */
  readonly validatedData: readonly number[];
  /** Messages by the index of the item; `non_field_errors` holds what concerns the list. */
  readonly errors: FieldErrors;
}

/** What {@link IntegerListSerializer} is: a function, and its schemas. */
export interface IntegerListSerializerFactory {
  /** Checks a list. */
  (options: IntegerListOptions): IntegerList;
  /** The same with `new`, for those who read its name as a class's. */
  new (options: IntegerListOptions): IntegerList;
  /** The same as a schema, for a task's `input`. */
  readonly schema: v.GenericSchema<(number | string)[], number[]>;
  /** {@link IntegerListSerializerFactory.schema} for lists that have items. */
  readonly nonEmptySchema: v.GenericSchema<(number | string)[], number[]>;
}

/** Python converts text of any length; beyond this Django REST framework does not try. */
const MAX_TEXT = 1_000;

const integer = v.pipe(
  v.union([v.number(), v.string()], ({ input }) =>
    input === null ? NOT_NULL : "A valid integer is required.",
  ),
  v.rawTransform<string | number, number>(({ dataset: { value }, addIssue, NEVER }) => {
    if (typeof value === "string" && value.length > MAX_TEXT) {
      addIssue({ message: "String value too large." });
      return NEVER;
    }
    const number = typeof value === "number" ? value : readInteger(value);
    if (Number.isSafeInteger(number)) return number;
    addIssue({ message: "A valid integer is required." });
    return NEVER;
  }),
);

const list = v.array(integer, ({ input }) =>
  input === null || input === undefined
    ? "No data provided"
    : `Expected a list of items but got type "${pythonType(input)}".`,
);

const nonEmptyList = v.pipe(list, v.minLength(1, "This list may not be empty."));

/**
 * Checks a list of integers as the serializer of this name in Python bgtasks does, with the messages of Django REST
 * framework: text such as `"12"` or `"12.0"` counts as a number, `true` does not.
 *
 * @example
 * ```ts
 * import { IntegerListSerializer, RPCResponse, rpcTasks } from "bgtasks";
 *
 * rpcTasks("images.byIds", (ids: unknown) => {
 *   const serializer = IntegerListSerializer({ data: ids });
 *   if (!serializer.isValid()) return RPCResponse({ errors: serializer.errors });
 *   return RPCResponse({ data: serializer.validatedData.map((id) => ({ id, path: `/${id}.jpg` })) });
 * });
 * rpcTasks.delete("images.byIds");
 * ```
 */
export const IntegerListSerializer: IntegerListSerializerFactory = /* @__PURE__ */ Object.assign(
  // Not an arrow, so that `new` may stand before it; what it returns is then the result of `new`, too.
  function check({ data, allowEmpty = true }: IntegerListOptions): IntegerList {
    const { output, issues } = v.safeParse(allowEmpty ? list : nonEmptyList, data);
    const errors = issues ? toErrors(issues) : {};
    return {
      isValid: () => issues === undefined,
      get validatedData() {
        if (!issues) return output;
        const found = issues.map(({ path = [], message }) => ({
          path: path.map(({ key }) => toKey(key)),
          message,
        }));
        throw new ValidationError("IntegerListSerializer", found, errors);
      },
      errors,
    };
  },
  { schema: list, nonEmptySchema: nonEmptyList },
  // The overloads say that it may be constructed.
) as unknown as IntegerListSerializerFactory;

function toErrors(issues: readonly v.BaseIssue<unknown>[]): FieldErrors {
  const errors: FieldErrors = {};
  for (const { path, message } of issues) {
    const field = path?.[0] ? String(path[0].key) : NON_FIELD_ERRORS;
    (errors[field] ??= []).push(message);
  }
  return errors;
}

/** Python's `int()` of a text, after Django REST framework has taken a trailing `.0` away. */
function readInteger(text: string): number {
  const digits = /^\s*([+-]?\d+)(?:\.0*)?\s*$/.exec(text)?.[1];
  return digits === undefined ? NaN : Number(digits);
}

/** What Python calls the type of a JSON value. */
function pythonType(value: unknown): string {
  if (typeof value === "number") return Number.isInteger(value) ? "int" : "float";
  if (typeof value === "string") return "str";
  return typeof value === "boolean" ? "bool" : "dict";
}
