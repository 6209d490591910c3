import { contextFor } from "../context/ambient.ts";
import { BgtasksError, ClosedError } from "../errors.ts";
import { describeProblems, optionsOf } from "../options/option_rules.ts";
import { anything, listOf, must } from "../options/rules.ts";
import type { ResolvedSettings, Settings } from "../settings/settings.ts";
import { resolveSettings } from "../settings/settings.ts";
import type { RPCTask } from "../tasks/rpc_task.ts";
import type { Lease } from "../transport/link_pool.ts";
import { StatusFeed } from "../transport/status_feed.ts";
import { refuseTooLarge, takeFittingHeaders } from "../transport/limits.ts";
import type { LinkStatus } from "../transport/transport.ts";
import type { MessageHeaders } from "../messages/message.ts";
import { writeJSON } from "../messages/json.ts";
import { checkRoute } from "../messages/route.ts";
import type { CallOptions } from "./call_options.ts";
import { checkCallOptions, checkTimeout } from "./call_options.ts";
import type { Caller } from "./caller.ts";
import { callers } from "./caller_pool.ts";
import type {
  CallArguments,
  CallRoute,
  ItemOf,
  ReplyOf,
  ReturnOf,
  StreamArguments,
  TaskAt,
  TaskMap,
  TasksByRoute,
} from "./client_types.ts";
import type { ClientMiddleware, MakeCall } from "./client_middleware.ts";
import { withClientMiddleware } from "./client_middleware.ts";
import type { DefaultHeaders } from "./default_headers.ts";
import { isDefaultHeaders, withDefaultHeaders } from "./default_headers.ts";
import { ItemSender } from "./item_sender.ts";
import type { ItemStream } from "./item_stream.ts";
import type { Nested } from "./nested_call.ts";
import { nestCall, NESTING } from "./nested_call.ts";
import type { CallOwner, Settle } from "./reply_sink.ts";
import { OneReply } from "./reply_sink.ts";
import { StreamCalls } from "./stream_calls.ts";
import type { ItemStreamOptions } from "./stream_options.ts";

/** Options of a client. */
export interface RPCClientOptions {
  /** What differs from the settings of the process. */
  readonly settings?: Settings;
  /** Sent along with every call; a call's own headers come over them. */
  readonly headers?: DefaultHeaders | undefined;
  /** What every call passes on its way, the first of them outermost. */
  readonly use?: readonly ClientMiddleware[] | undefined;
}

/**
 * Calls tasks of other services. Without a type argument any route may be called; with the tasks' types, routes, input
 * and replies are checked.
 *
 * The connection is opened by the first call and shared by all clients with equal settings.
 *
 * @example
 * ```ts
 * import { configure, RPCClient, rpcTasks } from "bgtasks";
 *
 * configure({ environment: "test" }); // no broker for this example
 * rpcTasks("math.double", (n: number) => n * 2);
 *
 * const client = new RPCClient();
 * console.log(await client.call("math.double", 21)); // 42
 * await client.close();
 * rpcTasks.delete("math.double");
 * ```
 */
export class RPCClient<Tasks extends TasksByRoute<Tasks> = TaskMap> implements AsyncDisposable {
  readonly #settings: ResolvedSettings;
  readonly #headers: DefaultHeaders | undefined;
  /** Set where calls pass middleware. */
  readonly #throughMiddleware: MakeCall | undefined;
  readonly #use: readonly ClientMiddleware[];
  readonly #status = new StatusFeed();
  /** How many calls are not settled. */
  #pending = 0;
  #lease: Lease<Caller> | undefined;
  #closing: Promise<void> | undefined;
  #onIdle: (() => void) | undefined;
  readonly #owner: CallOwner = {
    onCallSettled: () => {
      if (--this.#pending === 0) this.#onIdle?.();
    },
  };
  /** Made by the first stream. */
  #streams: StreamCalls | undefined;

  /**
   * Connects to nothing yet.
   *
   * @throws SettingsError when settings are wrong
   * @throws BgtasksError with `code` `"invalid_options"` when other options are
   */
  constructor(options: RPCClientOptions = {}) {
    checkClientOptions(options);
    this.#settings = resolveSettings(options.settings);
    const { headers, use = [] } = options;
    this.#headers = headers;
    this.#use = use;
    if (use.length > 0)
      this.#throughMiddleware = withClientMiddleware(
        use,
        ({ route, input, headers, ...options }) => {
          return new Promise((resolve, reject) => {
            checkCallOptions(route, options);
            this.#start(route, input, options, headers, resolve, reject);
          });
        },
      );
  }

  /** Where the connection stands. */
  get status(): LinkStatus {
    return this.#status.current;
  }

  /**
   * Calls `listener` after every change of {@link RPCClient.status}, until disposed.
   *
   * @example
   * ```ts
   * import { RPCClient } from "bgtasks";
   *
   * const client = new RPCClient({ settings: { environment: "test" } });
   * const subscription = client.onStatus((status) => console.log(status.state));
   * subscription[Symbol.dispose]();
   * ```
   */
  onStatus(listener: (status: LinkStatus) => void): Disposable {
    return this.#status.subscribe(listener);
  }

  /** The changes of {@link RPCClient.status} from now on, until closed or aborted. */
  statusChanges({ signal }: { readonly signal?: AbortSignal } = {}): AsyncIterable<LinkStatus> {
    return this.#status.changes(signal);
  }

  /**
   * Calls a task and waits for its reply: what the handler returned, `fail` envelopes included.
   *
   * Rejects with `NoRouteError` when no queue has this name, `RPCTimeoutError` when no reply came in time,
   * `ValidationError` when the input does not fit, `RemoteError` when the handler threw, `ConnectionLostError` when the
   * link dropped meanwhile, `ConnectionRefusedError` when the broker does not let us in, `ProtocolError` when the reply
   * cannot be read, `NotJSONError` when the input cannot be sent, `ClosedError` after {@link RPCClient.close}, and the
   * signal's reason on abort.
   *
   * @param routeOrTask the task's route, or the task itself where this program can import it
   */
  // One signature: where none of several fits, the compiler tells of the last one alone.
  call<const Target extends CallRoute<Tasks> | RPCTask>(
    routeOrTask: Target,
    ...args: CallArguments<TaskAt<Tasks, Target>>
  ): Promise<ReplyOf<TaskAt<Tasks, Target>>>;
  call(
    routeOrTask: string | RPCTask,
    input?: unknown,
    options: CallOptions = {},
  ): Promise<unknown> {
    if (!isClient(this)) return Promise.reject(detached());
    // What the caller gave may run code of its own, by getters, a Proxy or toJSON(): what that throws, the call rejects with.
    return new Promise((resolve, reject) => {
      const route = typeof routeOrTask === "string" ? routeOrTask : routeOrTask?.route;
      checkRoute(route);
      this.#checkOpen(route);
      checkCallOptions(route, options);
      const headers = withDefaultHeaders(this.#headers, route, options.headers);
      const within = contextFor(options.within);
      if (within) {
        const nested = nestCall(within, route, { ...options, headers }, this.#settings);
        return this.#begin(route, input, nested, nested.headers, resolve, reject);
      }
      this.#begin(route, input, options, headers, resolve, reject);
    });
  }

  /**
   * Calls a task and takes the items of its result as they come: of a handler that is an async generator, or has the option
   * `yields`. The items of a list that another task replies with come as well, all at once.
   *
   * The request goes out at once, and the worker is ahead of the reader by {@link ItemStreamOptions.window} at most. Leaving the
   * loop ends the handler. Never throws: the loop rejects with what {@link RPCClient.call} rejects with, with
   * `ConnectionLostError` when the link or the worker is lost in between, and with `ProtocolError` when frames are missing.
   *
   * @param routeOrTask the task's route, or the task itself where this program can import it
   * @example
   * ```ts
   * import { configure, RPCClient, rpcTasks } from "bgtasks";
   *
   * configure({ environment: "test" });
   * const upTo = rpcTasks("numbers.upTo", async function* (last: number) {
   *   for (let n = 1; n <= last; n++) yield n;
   * });
   *
   * const client = new RPCClient();
   * for await (const n of client.stream(upTo, 3)) console.log(n); // 1, 2, 3
   * await client.close();
   * rpcTasks.delete("numbers.upTo");
   * ```
   */
  stream<const Target extends CallRoute<Tasks> | RPCTask>(
    routeOrTask: Target,
    ...args: StreamArguments<TaskAt<Tasks, Target>>
  ): ItemStream<ItemOf<TaskAt<Tasks, Target>>, ReturnOf<TaskAt<Tasks, Target>>>;
  stream(routeOrTask: string | RPCTask, input?: unknown, options: ItemStreamOptions = {}): unknown {
    if (!isClient(this)) throw detached("stream");
    const route = typeof routeOrTask === "string" ? routeOrTask : routeOrTask?.route;
    this.#streams ??= new StreamCalls(this.#settings, this.#headers, this.#use, {
      checkOpen: (route) => this.#checkOpen(route),
      open: () => this.#open(),
    });
    return this.#streams.begin(route, input, options);
  }

  /**
   * Takes no more calls, waits for those that are out, and lets go of the connection. Calls that still wait for a
   * connection, and streams, reject with `ClosedError`.
   */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  /** The same as {@link RPCClient.close}, for `await using`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #begin(
    route: string,
    input: unknown,
    options: CallOptions & Nested,
    headers: MessageHeaders | undefined,
    resolve: Settle,
    reject: Settle,
  ): void {
    if (!this.#throughMiddleware)
      return this.#start(route, input, options, headers, resolve, reject);
    const { timeout, signal, retry, send, [NESTING]: nesting } = options;
    const call = { route, input, timeout, signal, headers, retry };
    if (send !== undefined) Object.assign(call, { send });
    // Under a symbol, which what middleware makes of the call has as well.
    resolve(this.#throughMiddleware(nesting ? Object.assign(call, { [NESTING]: nesting }) : call));
  }

  #start(
    route: string,
    input: unknown,
    options: CallOptions & Nested,
    given: MessageHeaders | undefined,
    resolve: Settle,
    reject: Settle,
  ): void {
    const timeout = options.timeout ?? this.#settings.rpcTimeout;
    checkTimeout(route, timeout);
    const { signal, retry = false, send, [NESTING]: nesting } = options;
    const taken = takeFittingHeaders(given, this.#settings);
    const headers = nesting ? { ...taken, ...nesting.headers } : taken;
    const outerSignal = nesting?.signal;
    signal?.throwIfAborted();
    outerSignal?.throwIfAborted();
    const body = writeJSON(input);
    refuseTooLarge(`call "${route}"`, body, this.#settings);
    // Once more: a toJSON() or a middleware may have closed the client.
    this.#checkOpen(route);
    const caller = this.#open();
    const stream = undefined;
    const sender = send && new ItemSender(route, send, this.#settings.maxMessageBytes);
    const request = { route, body, timeout, headers, signal, outerSignal, retry, stream, sender };
    this.#pending++;
    const reply = new OneReply(this.#owner, resolve, reject);
    caller.start(request, sender ? sender.endWith(reply) : reply);
  }

  /** What calls go out by, which clients with equal settings share. */
  #open(): Caller {
    this.#lease ??= callers.lease(this.#settings, this.#status);
    return this.#lease.link;
  }

  #checkOpen(route: string): void {
    if (this.#closing) throw new ClosedError(`Cannot call "${route}" on a closed client`);
  }

  async #close(): Promise<void> {
    const lease = this.#lease;
    if (!lease) return this.#status.set({ state: "closed" });
    lease.link.rejectUnsent(
      this.#owner,
      (route) => new ClosedError(`The client was closed before "${route}" could be called`),
    );
    this.#streams?.close(lease.link);
    if (this.#pending > 0) await new Promise<void>((resolve) => (this.#onIdle = resolve));
    await lease.release();
    this.#status.set({ state: "closed" });
  }
}

function isClient(value: unknown): boolean {
  return value instanceof RPCClient;
}

function detached(method = "call"): BgtasksError {
  const rule = `${method}() was taken from its client: write client.${method}(…), or client.${method}.bind(client)`;
  return new BgtasksError("detached", `Cannot call a task as ${rule}`);
}

function checkClientOptions(options: unknown): void {
  const rules = optionsOf({
    settings: anything,
    headers: must(isDefaultHeaders, "must be an object or a function of the route"),
    use: listOf(must(isFunction, "must be a function"), "must be a list of functions"),
  });
  const problems = describeProblems(rules, options);
  if (problems === undefined) return;
  const hint = "the broker is named by its settings: new RPCClient({ settings: { url } })";
  throw new BgtasksError("invalid_options", `Cannot create a client: ${problems} (${hint})`);
}

function isFunction(value: unknown): boolean {
  return typeof value === "function";
}
