import { BgtasksError, type LinkStatus, type RPCClient } from "../../mod.ts";
import { waitFor } from "../support/wait_for.ts";

/** How a load is made. */
export interface CallLoadOptions {
  /** How many loops call, each one call after the other. Half of them say `retry`. */
  readonly loops: number;
  /** Deadline of each call, in milliseconds. */
  readonly timeout: number;
}

/** What came of the calls. */
export interface CallCounts {
  readonly answered: number;
  /** Answered with what another call asked for, or with anything else that is not its answer. */
  readonly wrong: number;
  /** Calls that were out when the link dropped and said `retry`. */
  readonly carried: number;
  /** How many of those were answered. */
  readonly carriedAnswered: number;
  /** Codes of the errors of calls that said `retry`. */
  readonly retryErrors: ReadonlyMap<string, number>;
  /** Codes of the errors of calls that did not. */
  readonly plainErrors: ReadonlyMap<string, number>;
  /** How long the slowest call outlived its deadline, in milliseconds; 0 if none did. */
  readonly overrun: number;
  /** Loops that had not ended when every deadline was over. */
  readonly hung: number;
}

interface OpenCall {
  readonly retry: boolean;
  carried: boolean;
}

/**
 * Loops that call a task which gives back its input. Each call asks for something else, so that an answer which
 * belongs to another call shows.
 */
export class CallLoad implements Disposable {
  answered = 0;
  #wrong = 0;
  #carried = 0;
  #carriedAnswered = 0;
  #overrun = 0;
  #last = 0;
  #stopping = false;
  #running: number;
  readonly #retryErrors = new Map<string, number>();
  readonly #plainErrors = new Map<string, number>();
  readonly #open = new Set<OpenCall>();
  readonly #client: RPCClient;
  readonly #route: string;
  readonly #timeout: number;
  readonly #subscription: Disposable;

  constructor(client: RPCClient, route: string, { loops, timeout }: CallLoadOptions) {
    this.#client = client;
    this.#route = route;
    this.#timeout = timeout;
    this.#subscription = client.onStatus((status) => this.#onStatus(status));
    this.#running = loops;
    for (let loop = 0; loop < loops; loop++) void this.#loop(loop % 2 === 0);
  }

  /** Waits for so many answers more. */
  async progress(count: number, timeout = 30_000): Promise<void> {
    const goal = this.answered + count;
    await waitFor(() => this.answered >= goal, `${count} more answers`, timeout);
  }

  /** Lets the calls that are out end, and tells what came of all. */
  async stop(): Promise<CallCounts> {
    this.#stopping = true;
    await waitFor(() => this.#running === 0, "the last calls", this.#timeout + 5_000).catch(
      () => {},
    );
    this.#subscription[Symbol.dispose]();
    return {
      answered: this.answered,
      wrong: this.#wrong,
      carried: this.#carried,
      carriedAnswered: this.#carriedAnswered,
      retryErrors: this.#retryErrors,
      plainErrors: this.#plainErrors,
      overrun: this.#overrun,
      hung: this.#running,
    };
  }

  /** Makes no more calls. */
  [Symbol.dispose](): void {
    this.#stopping = true;
    this.#subscription[Symbol.dispose]();
  }

  async #loop(retry: boolean): Promise<void> {
    while (!this.#stopping) await this.#call(retry);
    this.#running--;
  }

  async #call(retry: boolean): Promise<void> {
    const call: OpenCall = { retry, carried: false };
    const input = ++this.#last;
    const since = performance.now();
    this.#open.add(call);
    try {
      const reply = await this.#client.call(this.#route, input, { retry, timeout: this.#timeout });
      this.answered++;
      if (reply !== input) this.#wrong++;
      if (call.carried) this.#carriedAnswered++;
    } catch (error) {
      const code = error instanceof BgtasksError ? error.code : String(error);
      const errors = retry ? this.#retryErrors : this.#plainErrors;
      errors.set(code, (errors.get(code) ?? 0) + 1);
      // Not in a tight loop, while nothing can be sent.
      await new Promise((resolve) => setTimeout(resolve, 2));
    } finally {
      this.#open.delete(call);
      this.#overrun = Math.max(this.#overrun, performance.now() - since - this.#timeout);
    }
  }

  #onStatus({ state }: LinkStatus): void {
    if (state === "ready" || state === "blocked") return;
    for (const call of this.#open) {
      if (!call.retry || call.carried) continue;
      call.carried = true;
      this.#carried++;
    }
  }
}

/** Counts by error code, for people. */
export function describeErrors(errors: ReadonlyMap<string, number>): string {
  return [...errors].map(([code, count]) => `${count} × ${code}`).join(", ") || "none";
}
