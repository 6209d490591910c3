import type { CallContext } from "../context/call_context.ts";
import type { ValidationError } from "../errors.ts";
import type { DefaultHeaders } from "../client/default_headers.ts";
import type { RemoteFailure } from "./failure.ts";
import type { RemoteClient } from "./fetch_rows.ts";
import type { ContextOf } from "./infer.ts";
import type { SerializerSchema } from "./schema_parts.ts";
import type { RemoteLoader } from "./remote_loader.ts";

/** Options of one `serialize()` or `validate()`. */
export interface SerializeOptions {
  /** What makes the calls. @default {one RPCClient of the serializer, with the settings of the process} */
  readonly client?: RemoteClient | undefined;
  /** Remembers remote rows beyond this call. @default {a new one for each call} */
  readonly loader?: RemoteLoader | undefined;
  /** Gives up; the promise then rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
  /** How long each remote call may take, in milliseconds. @default {the client's setting rpcTimeout} */
  readonly timeout?: number | undefined;
  /** Sent along with each remote call; a function gives them by the route. */
  readonly headers?: DefaultHeaders | undefined;
  /**
   * The `ctx` of the handler that asks: the calls then end with the request that is being answered, take no longer than the time
   * that is left, and take its trace along, and the headers that the setting `inheritHeaders` names.
   * @default {nothing, or with `bgtasks/async-context` the handler's; null for nothing in any case}
   */
  readonly within?: CallContext | null | undefined;
  /** What functions in the `params` of remote fields are called with. */
  readonly context?: unknown;
}

/** Options of one call: its context must be given exactly when a remote field takes one. */
export type OptionsFor<S extends SerializerSchema, More = unknown> =
  unknown extends ContextOf<S>
    ? [options?: SerializeOptions & More]
    : [options: SerializeOptions & More & { readonly context: ContextOf<S> }];

/** Which relations of the rows are represented. */
export interface IncludeOption<Include extends readonly string[] | undefined> {
  /** By the names of their fields: `["author", "author.avatar"]`. Other remote fields stay ids. @default {all of them} */
  readonly include?: Include;
}

/** What `settle()` gives. */
export interface SettledRows<Output> {
  /** The representations, with null where a remote object could not be had. */
  readonly output: Output;
  /** What could not be had, and why. */
  readonly failures: readonly RemoteFailure[];
}

/** Options of a serializer: those of its calls, unless they say otherwise, and its own. */
export interface SerializerOptions extends Omit<SerializeOptions, "within"> {
  /**
   * Runs every column of a row through its schema. Without it columns are copied, except where the schema changes them,
   * and ids are checked. @default {false}
   */
  readonly checkRows?: boolean | undefined;
  /** How many levels of remote rows may hold one another. @default {10} */
  readonly maxDepth?: number | undefined;
}

/** Options of `stream()`. */
export interface StreamOptions extends SerializeOptions {
  /** How many rows are serialized together. @default {1_000} */
  readonly batchSize?: number | undefined;
  /**
   * How many different ids make a batch full, so that rows with long lists are not too many at a time. @default {10_000}
   */
  readonly batchIds?: number | undefined;
  /** How long a row may wait for its batch to fill, in milliseconds. @default {50} */
  readonly flushAfter?: number | undefined;
  /** How many batches may be on their way at a time. @default {4} */
  readonly prefetch?: number | undefined;
  /**
   * Takes rows that are not what the schema says, and what is wrong with them, so that the stream goes on without them.
   * @default {the first one ends the stream}
   */
  readonly onRowError?: ((error: ValidationError, row: unknown) => void) | undefined;
}
