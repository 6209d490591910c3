import { getEventListeners } from "node:events";

import * as v from "valibot";

import type { RPCClient } from "../../mod.ts";
import { BgtasksError } from "../../mod.ts";
import { Bench } from "../support/adapters.ts";
import type { PrivateBroker } from "../support/private_broker.ts";
import { waitFor } from "../support/wait_for.ts";
import { countMessages } from "./drain_scenario.ts";
import { megabytes, usedHeap } from "./heap.ts";
import type { Report } from "./report.ts";

export interface SoakOptions {
  readonly calls: number;
  /** How many of them are out at a time. */
  readonly inFlight: number;
  /** How long the text is that each one carries there and back. */
  readonly textLength: number;
}

/** Makes calls of every kind, those that fail too, and looks for what they leave behind. */
export async function soak(
  report: Report,
  broker: PrivateBroker,
  { calls, inFlight, textLength }: SoakOptions,
): Promise<void> {
  const warmUp = Math.min(100_000, Math.ceil(calls / 10));
  const before = await broker.node.inventory();
  const timersBefore = countTimers();
  const warnings: string[] = [];
  const onWarning = ({ name }: Error): void => void warnings.push(name);
  process.on("warning", onWarning);
  const heapAtFirst = await usedHeap();
  const bench = new Bench(broker.settings, false);
  const routes = defineTasks(bench);
  const worker = await bench.worker({ concurrency: 500 });
  const client = bench.client();
  const forever = new AbortController();
  const kinds = new Kinds(client, routes, forever.signal, {
    inFlight,
    text: "x".repeat(textLength),
  });

  await kinds.run(warmUp);
  await waitFor(() => worker.running === 0, "handlers to end");
  const heapBefore = await usedHeap();
  const listenersBefore = getEventListeners(forever.signal, "abort").length;
  const since = performance.now();
  const total = calls - warmUp;
  for (let done = 0; done < total;) {
    const step = Math.min(100_000, total - done);
    await kinds.run(step);
    done += step;
  }
  const seconds = (performance.now() - since) / 1_000;
  await waitFor(() => worker.running === 0, "handlers to end");
  const heapAfter = await usedHeap();

  report.tell(calls, `calls, ${inFlight} at a time, with ${textLength} letters each`);
  for (const [kind, count] of kinds.counts) report.tell(count, `ended as ${kind}`);
  report.exactly(0, kinds.unexpected, "ended otherwise than they should");
  report.tell(total / seconds, "per second, all kinds");
  report.tell(kinds.slowest, "ms for the slowest answer");
  report.tell(megabytes(heapAtFirst), "MB of heap at first");
  report.tell(megabytes(heapBefore), `MB after ${warmUp.toLocaleString("en")} calls`);
  report.atMost(megabytes(heapBefore * 1.1), megabytes(heapAfter), "MB after all");
  report.exactly(0, listenersBefore, "listeners on a signal that calls share");
  report.exactly(0, getEventListeners(forever.signal, "abort").length, "of them in the end");
  process.off("warning", onWarning);
  report.exactly(0, warnings.length, "warnings of the runtime");
  report.exactly(0, worker.running, "handlers that still run");
  const channels = await broker.node.ctl("-q", "list_channels", "pid", "--no-table-headers");
  // One of the calls, one on which it is asked who serves the routes of calls that time out, one of each route, and one of
  // the worker's control queue, which is there once a call with a signal ran for 50 ms.
  report.atMost(3 + routes.served.length, lines(channels), "channels");
  let left = 0;
  for (const route of routes.served) left += await countMessages(broker, route);
  report.exactly(0, left, "messages left in queues");
  await bench[Symbol.asyncDispose]();
  const { connections, queues } = await broker.node.inventory();
  report.exactly(0, connections.length, "connections after closing");
  // A route's queue stays, so that calls wait for its worker.
  const others = queues.filter((name) => ![...before.queues, ...routes.served].includes(name));
  report.exactly(0, others.length, "queues besides those of the routes");
  report.atMost(timersBefore, countTimers(), "timers");
}

interface Routes {
  readonly echo: string;
  readonly slow: string;
  readonly failing: string;
  readonly picky: string;
  readonly missing: string;
  readonly served: readonly string[];
}

function defineTasks(bench: Bench): Routes {
  const [echo, slow, failing, picky] = ["echo", "slow", "failing", "picky"].map((name) =>
    bench.route(name),
  ) as [string, string, string, string];
  bench.registry(echo, (input: unknown) => input);
  bench.registry(slow, async (_: unknown, { signal }) => {
    await new Promise((resolve) => signal.addEventListener("abort", resolve));
    // So that the caller's own clock, a little later than ours, is over too.
    await new Promise((resolve) => setTimeout(resolve, 100));
  });
  bench.registry(failing, () => {
    throw new Error("as it should");
  });
  bench.registry(picky, { input: v.object({ id: v.number() }) }, ({ id }) => id);
  const served = [echo, slow, failing, picky];
  return { echo, slow, failing, picky, missing: bench.route("missing"), served };
}

interface Load {
  readonly inFlight: number;
  readonly text: string;
}

/** Calls of several kinds, each with the end that it has to have. */
class Kinds {
  readonly counts = new Map<string, number>();
  unexpected = 0;
  /** How long the slowest answer took, in milliseconds. */
  slowest = 0;
  readonly #client: RPCClient;
  readonly #routes: Routes;
  readonly #signal: AbortSignal;
  readonly #load: Load;
  #last = 0;

  constructor(client: RPCClient, routes: Routes, signal: AbortSignal, load: Load) {
    this.#client = client;
    this.#routes = routes;
    this.#signal = signal;
    this.#load = load;
  }

  /** Makes so many calls and waits for their ends. */
  async run(calls: number): Promise<void> {
    const end = this.#last + calls;
    const loop = async (): Promise<void> => {
      while (this.#last < end) await this.#one(++this.#last);
    };
    await Promise.all(Array.from({ length: this.#load.inFlight }, loop));
  }

  async #one(n: number): Promise<void> {
    const { echo, slow, failing, picky, missing } = this.#routes;
    const client = this.#client;
    if (n % 1_000 === 7)
      return this.#expect("timeout", client.call(slow, n, { timeout: 30, signal: this.#signal }));
    if (n % 500 === 13) return this.#abort(n);
    if (n % 100 === 17) return this.#expect("no_route", client.call(missing, n));
    if (n % 100 === 37) return this.#expect("internal", client.call(failing, n));
    if (n % 100 === 57) return this.#expect("invalid_input", client.call(picky, { id: "none" }));
    const options = n % 10 === 3 ? { signal: this.#signal, retry: true, headers: { n } } : {};
    const { text } = this.#load;
    const since = performance.now();
    const reply = await client.call(echo, { n, text }, options).catch(() => undefined);
    this.slowest = Math.max(this.slowest, performance.now() - since);
    this.#count(isEcho(reply, n, text) ? "the right answer" : "a wrong answer");
    if (!isEcho(reply, n, text)) this.unexpected++;
  }

  async #abort(n: number): Promise<void> {
    const controller = new AbortController();
    const call = this.#client.call(this.#routes.slow, n, {
      signal: controller.signal,
      timeout: 100,
    });
    controller.abort(new BgtasksError("aborted", "by the caller"));
    await this.#expect("aborted", call);
  }

  async #expect(code: string, call: Promise<unknown>): Promise<void> {
    const error = await call.catch((reason: unknown) => reason);
    const seen = error instanceof BgtasksError ? error.code : "an answer";
    this.#count(seen);
    if (seen !== code) this.unexpected++;
  }

  #count(kind: string): void {
    this.counts.set(kind, (this.counts.get(kind) ?? 0) + 1);
  }
}

function isEcho(reply: unknown, n: number, text: string): boolean {
  if (typeof reply !== "object" || reply === null || !("n" in reply) || !("text" in reply))
    return false;
  return reply.n === n && reply.text === text;
}

function lines(text: string): number {
  return text.split("\n").filter((line) => line.trim() !== "").length;
}

/** Timers that this process waits for. */
function countTimers(): number {
  return process.getActiveResourcesInfo().filter((kind) => kind === "Timeout").length;
}
