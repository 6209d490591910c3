import * as v from "valibot";

import { BgtasksError } from "../errors.ts";
import { checkRoute } from "../messages/route.ts";
import { formatPath, toKey } from "../schema/issues.ts";
import { isSchema } from "../schema/schema.ts";
import { MAX_TIMEOUT } from "../time/max_timeout.ts";
import type { IdSchema, RemoteFieldOptions } from "./remote_field.ts";

const text = v.pipe(v.string("must be a string"), v.nonEmpty("must not be empty"));
const attributes = v.custom<string | readonly string[]>((value) => {
  if (!Array.isArray(value)) return typeof value === "string" && value !== "";
  const isText = value.every((name) => typeof name === "string");
  return isText && value.length > 1 && new Set(value).size === value.length;
}, "must be a string that is not empty, or a list of at least two different ones");
const count = v.pipe(
  v.number("must be a whole number above 0"),
  v.check(
    (value) => value === Infinity || (Number.isInteger(value) && value > 0),
    "must be a whole number above 0",
  ),
);
const milliseconds = v.pipe(
  v.number("must be a number of milliseconds"),
  v.gtValue(0, "must be above 0"),
  v.maxValue(MAX_TIMEOUT, `must be at most ${MAX_TIMEOUT}`),
);
const isRecord = (value: unknown) =>
  typeof value === "object" && value !== null && !Array.isArray(value);
const isNested = (value: unknown) =>
  typeof value === "function" || (isRecord(value) && isSchema(value));

const optionsSchema = v.pipe(
  v.strictObject(
    {
      route: v.unknown(),
      key: v.optional(v.string("must be a string (mergeKey names the parts of an id)")),
      params: v.optional(
        v.custom(
          (value) => isRecord(value) || typeof value === "function",
          "must be an object or a function",
        ),
      ),
      mergeKey: v.optional(attributes),
      schema: v.optional(v.custom(isSchema, "must be a schema (Standard Schema)")),
      source: v.optional(attributes),
      serializer: v.optional(
        v.custom(isNested, "must be a serializer or a function that returns one"),
      ),
      onMissing: v.optional(
        v.picklist(["null", "keep", "error"], 'must be "null", "keep" or "error"'),
      ),
      onError: v.optional(v.picklist(["throw", "null"], 'must be "throw" or "null"')),
      select: v.optional(text),
      many: v.optional(v.boolean("must be true or false")),
      readOnly: v.optional(v.boolean("must be true or false")),
      maxBatch: v.optional(count),
      concurrency: v.optional(count),
      timeout: v.optional(milliseconds),
    },
    (issue) => (issue.expected === "never" ? "is not an option" : "must be given"),
  ),
  v.forward(
    v.check(
      ({ key, params }) => params === undefined || key !== undefined,
      "can only be sent beside a key",
    ),
    ["params"],
  ),
  v.forward(
    v.check(
      ({ key, select }) => select === undefined || key !== undefined,
      "can only be sent beside a key",
    ),
    ["select"],
  ),
  v.forward(
    v.check(
      ({ source, mergeKey }) =>
        source === undefined || typeof source === "string" || source.length === mergeKey?.length,
      "can only be a list that has an attribute for each part of mergeKey",
    ),
    ["source"],
  ),
  v.forward(
    v.check(
      ({ many, onMissing }) => many !== true || onMissing === undefined,
      "has no meaning beside many, where no rows are an empty list",
    ),
    ["onMissing"],
  ),
  v.forward(
    v.check(
      ({ many, readOnly }) => many !== true || readOnly !== false,
      "must be true beside many, because nobody stores the rows that hold an id",
    ),
    ["readOnly"],
  ),
);

/** @throws BgtasksError with `code` `"invalid_remote_field"` that tells all that is wrong */
export function checkFieldOptions(id: IdSchema, options: RemoteFieldOptions): void {
  if (id?.kind !== "schema" || id.async) {
    throw invalid("the schema of its id must be a synchronous valibot schema", options);
  }
  const { issues } = v.safeParse(optionsSchema, options);
  if (issues) {
    const rules = issues.map(
      ({ path = [], message }) =>
        `${formatPath(path.map(({ key }) => toKey(key))) || "its options"} ${message}`,
    );
    throw invalid(rules.join("; "), options);
  }
  checkRoute(typeof options.route === "string" ? options.route : options.route?.route);
}

function invalid(rule: string, options: RemoteFieldOptions | undefined): BgtasksError {
  const route = typeof options?.route === "string" ? options.route : options?.route?.route;
  return new BgtasksError(
    "invalid_remote_field",
    `Cannot make a remote field of "${String(route)}": ${rule}`,
  );
}
