import type { StandardSchemaV1 } from "@standard-schema/spec";
import type * as v from "valibot";

import { RPCClient } from "../client/rpc_client.ts";
import { contextFor } from "../context/ambient.ts";
import { withoutSignal } from "../context/inherit.ts";
import { BgtasksError } from "../errors.ts";
import { brokenRules, rules } from "./check_options.ts";
import { Collector } from "./collect.ts";
import type { RemoteFailure } from "./failure.ts";
import type { RemoteClient } from "./fetch_rows.ts";
import { Include } from "./include.ts";
import type { RowOf, RowsFor, Serialized, SerializedRows, Settled, Validated } from "./infer.ts";
import type { SerializerSchema } from "./schema_parts.ts";
import type { Plan } from "./plan.ts";
import { planRows } from "./plan_rows.ts";
import type { Resolution } from "./resolve.ts";
import { RowStream } from "./row_stream.ts";
import { serializeAny, serializeGoodRows, serializeRows } from "./serialize_rows.ts";
import type { ValidationResult } from "./validate_input.ts";
import { validateInput } from "./validate_input.ts";
import type {
  IncludeOption,
  OptionsFor,
  SerializeOptions,
  SerializerOptions,
  SettledRows,
  StreamOptions,
} from "./serializer_options.ts";
import { isOfOldValibot, viewSchema } from "./valibot_schema.ts";
import { withinContext } from "./within_context.ts";
import { WriteSchema } from "./write_schema.ts";

/** Options as they come, whatever the schema. */
type AnyOptions = SerializeOptions & { readonly include?: readonly string[] | undefined };

const allowed = {
  client: rules.client,
  loader: rules.loader,
  signal: rules.signal,
  timeout: rules.timeout,
  checkRows: rules.flag,
  maxDepth: rules.count,
} as const;

/**
 * Represents rows of a schema for those who ask for them, and checks what they send. Also a Standard Schema, of what
 * `validate()` checks.
 */
export class Serializer<S extends SerializerSchema> implements StandardSchemaV1<
  v.InferInput<S>,
  Validated<S>
> {
  /** The schema of the rows, to derive others from. */
  readonly schema: S;
  /** What it was made with. */
  readonly options: SerializerOptions;
  /** What makes it a Standard Schema. */
  readonly "~standard": StandardSchemaV1.Props<v.InferInput<S>, Validated<S>>;
  readonly #plan: Plan;
  /** For callers who include some relations, by these. */
  readonly #plans = new Map<string, Plan>();
  #write: WriteSchema | undefined;
  #client: RPCClient | undefined;
  /** Made by the first call, so that settings may come after serializers; idle, it does not keep the process alive. */
  readonly #defaultClient: RemoteClient = {
    call: (...args) => (this.#client ??= new RPCClient()).call(...args),
  };

  /**
   * The same as {@link serializer}.
   *
   * @throws BgtasksError with `code` `"invalid_serializer"` when remote fields are where they cannot be resolved
   */
  constructor(schema: S, options: SerializerOptions = {}) {
    const broken = isOfOldValibot(schema)
      ? "its schema is of a valibot before 1.0, and this needs a later one: npm install valibot@1"
      : brokenRules(options, allowed);
    if (broken !== "")
      throw new BgtasksError("invalid_serializer", `Cannot make a serializer: ${broken}`);
    this.schema = schema;
    this.options = options;
    this.#plan = planRows(schema, options.checkRows ?? false);
    this["~standard"] = {
      version: 1,
      vendor: "bgtasks",
      validate: async (input) => {
        const result = await this.#validate(input, {});
        return result.success ? { value: result.output } : { issues: result.issues };
      },
    };
  }

  /**
   * Represents a row, or many in a list, a map or anything else that can be iterated over: columns as they are, remote
   * objects in place of ids. However many rows there are, each
   * route is called once (or once for each `maxBatch` ids). Remote objects are shared by the rows that hold their id, and
   * frozen.
   *
   * Rejects with `ValidationError` when a row is not what the schema says, with `FailResponseError` or `ProtocolError`
   * when a route answers something else than rows, and with what its call rejects with.
   */
  // One signature: where none of several fits, the compiler tells of the last one alone.
  serialize<Rows, const Include extends readonly string[] | undefined = undefined>(
    rows: Rows extends RowsFor<S, Rows> ? Rows : RowsFor<S, Rows>,
    ...options: OptionsFor<S, IncludeOption<Include>>
  ): Promise<SerializedRows<S, Rows, Include>>;
  async serialize(rows: unknown, options: AnyOptions = {}): Promise<unknown> {
    return withinContext(options, this.options.signal, (own) => this.#represent(rows, own));
  }

  /**
   * As {@link Serializer.serialize}, but no remote row fails the whole: what cannot be had is null, one row of a thousand if
   * it is one, and `failures` tells the route, field, ids and error of each.
   *
   * What is wrong with the rows themselves rejects all the same, and so does an abort.
   */
  settle<Key>(
    rows: ReadonlyMap<Key, RowOf<S>>,
    ...options: OptionsFor<S>
  ): Promise<SettledRows<Map<Key, Settled<S>>>>;
  /** Represents the rows of a list, or of anything else that can be iterated over. */
  settle(rows: Iterable<RowOf<S>>, ...options: OptionsFor<S>): Promise<SettledRows<Settled<S>[]>>;
  /** Represents one row. */
  settle(row: RowOf<S>, ...options: OptionsFor<S>): Promise<SettledRows<Settled<S>>>;
  async settle(rows: unknown, options: AnyOptions = {}): Promise<SettledRows<unknown>> {
    const failures: RemoteFailure[] = [];
    const represent = (own: AnyOptions): Promise<unknown> => this.#represent(rows, own, failures);
    return { output: await withinContext(options, this.options.signal, represent), failures };
  }

  #represent(rows: unknown, options: AnyOptions, failures?: RemoteFailure[]): Promise<unknown> {
    const plan = options.include ? this.#planFor(options.include) : this.#plan;
    const resolution = this.#resolution(options, failures);
    return serializeAny(rows, (list, single) => serializeRows(plan, list, resolution, { single }));
  }

  /**
   * Checks what came in: by the schema, then by asking whether the remote rows exist. Everything that is wrong is told at
   * once. What is right comes out with ids, ready to be stored.
   *
   * Rejects when the check itself fails for other reasons than the input, e.g. with `ConnectionLostError`.
   */
  async validate(
    input: unknown,
    ...[options = {}]: OptionsFor<S>
  ): Promise<ValidationResult<Validated<S>>> {
    return this.#validate(input, options);
  }

  #validate(input: unknown, options: SerializeOptions): Promise<ValidationResult<Validated<S>>> {
    this.#write ??= new WriteSchema(viewSchema(this.schema));
    const write = this.#write;
    return withinContext(options, this.options.signal, (own) =>
      validateInput(write, input, this.#resolution(own)),
    );
  }

  /**
   * Represents rows that pass through, batch by batch and in their order: for more rows than fit into memory.
   *
   * @throws BgtasksError with `code` `"invalid_stream"` when options are wrong
   * @example
   * ```ts
   * import * as v from "valibot";
   * import { configure, remoteField, rpcTasks, serializer } from "bgtasks";
   *
   * configure({ environment: "test" }); // no broker for this example
   * rpcTasks("images.byIds", (ids: number[]) => ids.map((id) => ({ id, path: `/${id}.jpg` })));
   *
   * const UserSerializer = serializer(
   *   v.object({ id: v.number(), image: remoteField(v.number(), { route: "images.byIds" }) }),
   * );
   * const rows = new ReadableStream({
   *   start(controller) {
   *     for (let id = 1; id <= 3; id++) controller.enqueue({ id, image: id });
   *     controller.close();
   *   },
   * });
   * for await (const user of rows.pipeThrough(UserSerializer.stream({ batchSize: 2 }))) console.log(user);
   * rpcTasks.delete("images.byIds");
   * ```
   */
  stream(
    ...[options = {}]: OptionsFor<S, StreamOptions>
  ): ReadableWritablePair<Serialized<S>, RowOf<S>> {
    const { batchSize, batchIds, flushAfter, prefetch, onRowError, ...rest } = options;
    const { signal = this.options.signal } = rest;
    const context = contextFor(rest.within);
    // Batches go out later, wherever the program is by then.
    const own = { ...rest, within: context ? withoutSignal(context) : rest.within };
    const plan = this.#plan;
    const represent = async (rows: RowOf<S>[], collector: Collector, stop: AbortSignal) => {
      const resolution = this.#resolution({ ...own, signal: stop });
      return (await (onRowError
        ? serializeGoodRows(plan, rows, resolution, onRowError)
        : serializeRows(plan, rows, resolution, { collector }))) as Serialized<S>[];
    };
    const add = (collector: Collector, row: unknown) => collector.collectNext(plan, row);
    return new RowStream(
      { begin: () => new Collector(), add, represent },
      { batchSize, batchIds, flushAfter, prefetch, signals: [signal, context?.signal] },
    );
  }

  /** The plan for callers who want some of the relations. */
  #planFor(paths: readonly string[]): Plan {
    const include = new Include(paths);
    let plan = this.#plans.get(include.key);
    if (!plan) {
      plan = planRows(this.schema, this.options.checkRows ?? false, include);
      this.#plans.set(include.key, plan);
    }
    return plan;
  }

  #resolution(options: SerializeOptions, failures?: RemoteFailure[]): Resolution {
    const own = this.options;
    return {
      client: options.client ?? own.client ?? this.#defaultClient,
      loader: options.loader ?? own.loader,
      signal: options.signal ?? own.signal,
      timeout: options.timeout ?? own.timeout,
      headers: options.headers ?? own.headers,
      context: options.context ?? own.context,
      within: options.within,
      failures,
      maxDepth: own.maxDepth ?? 10,
    };
  }
}

/**
 * Makes a serializer of a valibot schema of objects, with {@link remoteField} where rows hold ids of other services' rows.
 *
 * @throws BgtasksError with `code` `"invalid_serializer"` when remote fields are where they cannot be resolved
 * @example
 * ```ts
 * import * as v from "valibot";
 * import { configure, remoteField, rpcTasks, serializer } from "bgtasks";
 *
 * configure({ environment: "test" }); // no broker for this example
 * const imagesByIds = rpcTasks("images.byIds", (ids: number[]) => ids.map((id) => ({ id, path: `/${id}.jpg` })));
 *
 * const UserSerializer = serializer(
 *   v.object({
 *     id: v.number(),
 *     username: v.string(),
 *     image: remoteField(v.number(), { route: imagesByIds }),
 *   }),
 * );
 * await UserSerializer.serialize([{ id: 1, username: "Tom", image: 7 }]);
 * // [{ id: 1, username: "Tom", image: { id: 7, path: "/7.jpg" } }]
 * rpcTasks.delete("images.byIds");
 * ```
 */
export function serializer<const S extends SerializerSchema>(
  schema: S,
  options?: SerializerOptions,
): Serializer<S> {
  return new Serializer(schema, options);
}
