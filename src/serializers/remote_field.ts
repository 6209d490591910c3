import type { StandardSchemaV1 } from "@standard-schema/spec";
import * as v from "valibot";

import type { Schema } from "../schema/schema.ts";
import type { RPCTask } from "../tasks/rpc_task.ts";
import type { RowId } from "../rows/fields.ts";
import { idKey, isId, readComposite } from "../rows/fields.ts";
import { checkFieldOptions } from "./check_field_options.ts";
import type { Endpoint } from "./endpoint.ts";
import { toEndpoint } from "./endpoint.ts";
import type { Fits, OnlyKnown } from "./fits.ts";
import type { RemoteOutput } from "./remote_output.ts";
import { incorrectType } from "./messages.ts";
import { once } from "./once.ts";
import type { SchemaView } from "./valibot_schema.ts";
import { toIssue } from "./valibot_schema.ts";

/** A schema of ids: text, numbers, or an object of these for ids of several parts; a null is nobody's id. */
export type IdSchema = v.BaseSchema<unknown, RowId | null | undefined, v.BaseIssue<unknown>>;

/** Where remote rows come from and what identifies them. */
export interface RemoteRelation {
  /** The route that answers a list of ids with a list of rows. A task also tells the rows' type. */
  readonly route: string | RPCTask;
  /** The name of the ids in the request: `"ids"` sends `{ ids: [1, 2] }`. @default {none: the body is the list itself} */
  readonly key?: string | undefined;
  /**
   * What else the request holds, beside {@link RemoteRelation.key}: the same for all requests, or made of the `context` that
   * `serialize()` is given.
   */
  readonly params?:
    | Readonly<Record<string, unknown>>
    | ((context: never) => Readonly<Record<string, unknown>>)
    | undefined;
  /**
   * The field of a remote row that holds its id. Several where only together they are an id, `["tenantId", "id"]`: the id is
   * then an object of these, and goes out as one. @default {"id"}
   */
  readonly mergeKey?: string | readonly string[] | undefined;
}

/** What a serializer is for a field whose rows it represents. */
export interface NestedSerializer {
  /** The schema of the rows. */
  readonly schema: v.GenericSchema | v.GenericSchemaAsync;
  /** Of a serializer's options, the one that counts for rows that another one fetches. */
  readonly options: { readonly checkRows?: boolean | undefined };
}

/** Options of a remote field. */
export interface RemoteFieldOptions extends RemoteRelation {
  /** Checks each remote row and gives it its type; may change it. Any Standard Schema. */
  readonly schema?: Schema | undefined;
  /**
   * The attribute of the local row that holds the id, when it is not named like the field; one of an inner object by a path,
   * `"profile.avatarId"`. For an id of several parts also the attributes of these, in the order of `mergeKey`.
   */
  readonly source?: string | readonly string[] | undefined;
  /** Represents the remote rows, their own remote fields included. A function where it is defined further down. */
  readonly serializer?: NestedSerializer | (() => NestedSerializer) | undefined;
  /**
   * The name under which the request tells which fields of the rows are needed: those that `serializer` names, and
   * `mergeKey`. @default {none: the service sends what it has}
   */
  readonly select?: string | undefined;
  /**
   * Whether an id has any number of rows, those whose {@link RemoteRelation.mergeKey} is the id: the orders of a user. The
   * field then holds a list, of none where there are none, and is not part of what `validate()` takes. @default {false}
   */
  readonly many?: boolean | undefined;
  /** Keeps the field out of what `validate()` takes. @default {the same as `many`} */
  readonly readOnly?: boolean | undefined;
  /** What becomes of an id that nobody knows: null, the id itself, or a `ValidationError`. @default {"null"} */
  readonly onMissing?: "null" | "keep" | "error" | undefined;
  /** What becomes of the field when its route fails: the error of `serialize()`, or null. @default {"throw"} */
  readonly onError?: "throw" | "null" | undefined;
  /** The most ids in one call; more go out in several. @default {10_000} */
  readonly maxBatch?: number | undefined;
  /** How many of these calls are out at a time. @default {8} */
  readonly concurrency?: number | undefined;
  /** How long each call may take, in milliseconds. @default {that of the serializer, or the client's} */
  readonly timeout?: number | undefined;
}

/** The issue of a remote field that is parsed without a serializer. */
export interface RemoteFieldIssue extends v.BaseIssue<unknown> {
  /** As of every schema's issue. */
  readonly kind: "schema";
  /** What tells it from other schemas' issues. */
  readonly type: "remote_field";
}

/** The schema that {@link remoteField} makes. */
export interface RemoteFieldSchema<
  Id extends IdSchema = IdSchema,
  Options extends RemoteFieldOptions = RemoteFieldOptions,
> extends v.BaseSchema<
  v.InferInput<Id>,
  RemoteOutput<Id, Options>,
  v.InferIssue<Id> | RemoteFieldIssue
> {
  /** What tells it from other schemas. */
  readonly type: "remote_field";
  /** What made it. */
  readonly reference: typeof remoteField;
  /** The schema of the id. */
  readonly id: Id;
  /** What it was made with. */
  readonly options: Options;
}

/** A remote field as this folder sees it. */
export interface AnyRemoteField extends RemoteFieldSchema {
  /** The field itself, also in copies: v.message() and v.config() make some. */
  readonly self: AnyRemoteField;
  /** The names of an id's parts, where it has several. */
  readonly parts: readonly string[] | undefined;
  /** What is called, with defaults filled in, and without params that depend on the context. */
  readonly endpoint: Endpoint;
  /** What is called in this context, for rows of which these fields are needed; all of them where undefined. */
  readonly endpointFor: (context: unknown, fields?: readonly string[]) => Endpoint;
  /** The option `serializer`, looked up when it is first needed. */
  readonly serializer: () => NestedSerializer | undefined;
}

/** The remote field that a schema of this type is. */
export function asRemoteField(schema: SchemaView): AnyRemoteField {
  return (schema as unknown as AnyRemoteField).self;
}

/** Says what stands for an id. Serializers put it into the configuration they run schemas with. */
export const VISIT: unique symbol = Symbol("bgtasks.visit");

/** What {@link VISIT} holds. */
export type VisitId = (
  field: AnyRemoteField,
  id: RowId,
) => { readonly value: unknown; readonly messages?: readonly string[] };

/**
 * A field that holds the id of a row another service owns: its input is the id, its output the row, which a
 * {@link serializer} fetches. A plain valibot schema, so it goes where others go: into `v.array`, `v.optional`,
 * `v.nullable`, nested objects, `v.omit`, `v.pick`, `v.partial`, and before the actions of a `v.pipe`.
 *
 * @param options where its rows come from; before them, the schema of the id may be given: numbers and text without
 * @throws BgtasksError with `code` `"invalid_remote_field"` when options are wrong
 * @example
 * ```ts
 * import * as v from "valibot";
 * import { remoteField, serializer } from "bgtasks";
 *
 * const UserSerializer = serializer(
 *   v.object({
 *     id: v.number(),
 *     image: remoteField(v.number(), { route: "images.byIds" }),
 *     friends: v.array(remoteField(v.number(), { route: "users.byIds", key: "ids" })),
 *   }),
 * );
 * ```
 */
export function remoteField<const Options extends RemoteFieldOptions>(
  options: Options & OnlyKnown<Options>,
): RemoteFieldSchema<AnyId, Options>;
/** Makes a remote field whose ids are of a schema of their own. */
export function remoteField<const Id extends IdSchema, const Options extends RemoteFieldOptions>(
  id: Id,
  options: Options & OnlyKnown<Options> & Fits<Id, Options>,
): RemoteFieldSchema<Id, Options>;
export function remoteField(
  ...given: [RemoteFieldOptions] | [IdSchema, RemoteFieldOptions]
): RemoteFieldSchema {
  return given.length === 1 ? makeField(anyId, given[0]) : makeField(...given);
}

/** The id that a value is, after its schema; undefined where it cannot be one. */
export function toRowId({ parts }: AnyRemoteField, value: unknown): RowId | undefined {
  if (!parts) return isId(value) ? value : undefined;
  return typeof value === "object" && value !== null ? readComposite(parts, value) : undefined;
}

/** What stands for a value in maps: each row has an object of its own for an id of several parts, and these are its text. */
export function valueKey({ parts }: AnyRemoteField, value: unknown): unknown {
  if (!parts || typeof value !== "object" || value === null) return value;
  const id = readComposite(parts, value);
  return id ? idKey(id) : value;
}

/** The schema of ids that are numbers or text. */
export type AnyId = v.GenericSchema<number | string>;

const anyId: AnyId = v.union([v.number(), v.string()], ({ input }) => incorrectType(input));

function makeField(id: IdSchema, options: RemoteFieldOptions): RemoteFieldSchema {
  checkFieldOptions(id, options);
  const endpoint = toEndpoint(options);
  const { serializer, params } = options;
  const field: AnyRemoteField = {
    kind: "schema",
    type: "remote_field",
    reference: remoteField,
    expects: id.expects,
    async: false,
    id,
    options,
    get self() {
      return field;
    },
    parts: typeof endpoint.mergeKey === "string" ? undefined : endpoint.mergeKey,
    endpoint,
    endpointFor: (context, fields) => {
      const { select } = options;
      const isSelected = select !== undefined && fields !== undefined;
      if (typeof params !== "function" && !isSelected) return endpoint;
      const sent = typeof params === "function" ? params(context as never) : params;
      return toEndpoint(options, isSelected ? { ...sent, [select]: fields } : sent);
    },
    serializer: once(() => (typeof serializer === "function" ? serializer() : serializer)),
    "~standard": {
      version: 1,
      vendor: "valibot",
      validate: (value) =>
        runField(field, { value }, v.getGlobalConfig()) as StandardSchemaV1.FailureResult,
    },
    "~run": (dataset, config) => runField(field, dataset, config),
  };
  return field;
}

/** Checks the id and puts in its place what the serializer that runs the schema says. */
function runField(field: AnyRemoteField, dataset: v.UnknownDataset, config: RunConfig): RunResult {
  const visit = config[VISIT];
  if (!visit) {
    // Without a serializer there is no object, and an id must not pass for one.
    const message = `Only a serializer can resolve the remote field of "${field.endpoint.route}"`;
    return {
      typed: false,
      value: dataset.value,
      issues: [toIssue(field, dataset.value, message, config)],
    };
  }
  const result = field.id["~run"](dataset, config);
  if (result.issues || result.value === null || result.value === undefined)
    return result as RunResult;
  const id = toRowId(field, result.value);
  const { value, messages = [] } =
    id === undefined
      ? { value: result.value, messages: [incorrectType(result.value)] }
      : visit(field, id);
  const issues = messages.map((message) => toIssue(field, result.value, message, config));
  // What stands for an id is up to who visits, and no matter of types.
  return { typed: true, value, ...(issues.length > 0 && { issues }) } as RunResult;
}

type RunConfig = v.Config<v.BaseIssue<unknown>> & { readonly [VISIT]?: VisitId };
type RunResult = ReturnType<AnyRemoteField["~run"]>;
