import { contextFor } from "../context/ambient.ts";
import { ClosedError } from "../errors.ts";
import { writeJSON } from "../messages/json.ts";
import type { MessageHeaders } from "../messages/message.ts";
import { checkRoute } from "../messages/route.ts";
import type { ResolvedSettings } from "../settings/settings.ts";
import { DEADLINE_HEADER, WINDOW_HEADER } from "../streams/stream_types.ts";
import { Window } from "../streams/window.ts";
import { refuseTooLarge, takeFittingHeaders } from "../transport/limits.ts";
import { checkTimeout } from "./call_options.ts";
import type { Caller } from "./caller.ts";
import type { ClientMiddleware, MakeCall } from "./client_middleware.ts";
import { withClientMiddleware } from "./client_middleware.ts";
import type { DefaultHeaders } from "./default_headers.ts";
import { withDefaultHeaders } from "./default_headers.ts";
import { ItemSender } from "./item_sender.ts";
import { ReaderStream } from "./item_stream.ts";
import type { Nested } from "./nested_call.ts";
import { NESTING, nestStream } from "./nested_call.ts";
import type { CallOwner } from "./reply_sink.ts";
import { beginResuming } from "./resuming_reader.ts";
import { StreamFrames } from "./stream_frames.ts";
import type { ItemStreamOptions } from "./stream_options.ts";
import { checkStreamOptions } from "./stream_options.ts";
import { StreamReader } from "./stream_reader.ts";

/** What streams need of their client. */
interface StreamClient {
  /** @throws ClosedError */
  checkOpen(route: string): void;
  open(): Caller;
}

/** The streams of one client. */
export class StreamCalls {
  readonly #settings: ResolvedSettings;
  readonly #headers: DefaultHeaders | undefined;
  readonly #use: readonly ClientMiddleware[];
  readonly #client: StreamClient;
  readonly #closing = new AbortController();
  /** Nobody waits for streams when their client is closed. */
  readonly #owner: CallOwner = { onCallSettled() {} };

  constructor(
    settings: ResolvedSettings,
    headers: DefaultHeaders | undefined,
    use: readonly ClientMiddleware[],
    client: StreamClient,
  ) {
    this.#settings = settings;
    this.#headers = headers;
    this.#use = use;
    this.#client = client;
  }

  /** Begins a stream. Never throws: what is wrong is what its loop rejects with. */
  begin(route: string, input: unknown, options: ItemStreamOptions): ReaderStream {
    const begin = (input: unknown, own: ItemStreamOptions): StreamReader =>
      this.#begin(route, input, own);
    const { signal } = this.#closing;
    return new ReaderStream(beginResuming(route, input, options, begin, signal));
  }

  /** Ends those that are open. */
  close(caller: Caller): void {
    caller.rejectStreams(
      this.#owner,
      (route) => new ClosedError(`The client was closed during the stream of "${route}"`),
    );
    this.#closing.abort(new ClosedError("The client was closed before the stream could go on"));
  }

  #begin(route: string, input: unknown, options: ItemStreamOptions): StreamReader {
    const reader = new StreamReader(route, this.#owner);
    try {
      checkRoute(route);
      this.#client.checkOpen(route);
      checkStreamOptions(route, options);
      const headers = withDefaultHeaders(this.#headers, route, options.headers);
      const within = contextFor(options.within);
      const given = { ...options, headers };
      const nested = within ? nestStream(within, route, given, this.#settings) : given;
      if (this.#use.length === 0) this.#start(reader, route, input, nested, nested.headers);
      else void this.#startThroughMiddleware(reader, route, input, nested);
    } catch (error) {
      reader.abort(error);
    }
    return reader;
  }

  #start(
    reader: StreamReader,
    route: string,
    input: unknown,
    options: ItemStreamOptions & Nested,
    given: MessageHeaders | undefined,
  ): void {
    const { signal, deadline, send, [NESTING]: nesting } = options;
    const outerSignal = nesting?.signal;
    const window = new Window(options.window, this.#settings.maxMessageBytes);
    const timeout = Math.min(options.timeout ?? this.#settings.rpcTimeout, deadline ?? Infinity);
    checkTimeout(route, timeout);
    const headers = {
      ...takeFittingHeaders(given, this.#settings),
      ...nesting?.headers,
      [WINDOW_HEADER]: window.allowed,
      ...(deadline === undefined ? {} : { [DEADLINE_HEADER]: deadline }),
    };
    signal?.throwIfAborted();
    outerSignal?.throwIfAborted();
    const body = writeJSON(input);
    refuseTooLarge(`call "${route}"`, body, this.#settings);
    this.#client.checkOpen(route);
    // Its reader may have left while middleware was at work.
    if (reader.isOver) return;
    const stream = new StreamFrames(route, reader, { window, deadline });
    const retry = false;
    const sender = send && new ItemSender(route, send, this.#settings.maxMessageBytes);
    const request = { route, body, timeout, headers, signal, outerSignal, retry, stream, sender };
    this.#client.open().start(request, sender ? sender.endWith(reader) : reader);
  }

  async #startThroughMiddleware(
    reader: StreamReader,
    route: string,
    input: unknown,
    options: ItemStreamOptions & Nested,
  ): Promise<void> {
    let isStarted = false;
    const stream = new ReaderStream(reader);
    const make: MakeCall = async ({ input, timeout, signal, headers, send }) => {
      isStarted = true;
      this.#start(reader, route, input, { ...options, timeout, signal, send }, headers);
      return stream;
    };
    try {
      const { timeout, signal, headers, send } = options;
      const call = { route, input, timeout, signal, headers, retry: undefined };
      if (send !== undefined) Object.assign(call, { send });
      const answer = await withClientMiddleware(this.#use, make)(call);
      if (isStarted) return;
      reader.item(answer);
      reader.end();
    } catch (error) {
      reader.abort(error);
    }
  }
}
