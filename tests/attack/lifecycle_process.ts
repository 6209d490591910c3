// Makes calls of all kinds for some seconds, tells what came of them, and ends by itself: URL, seconds, seed.
import process from "node:process";

import { BgtasksError, RPCClient, TaskError, TaskRegistry, Worker } from "../../mod.ts";
import type { CallOptions, Settings, TaskContext } from "../../mod.ts";
import { EventLoopLag } from "../chaos/event_loop_lag.ts";
import { waitFor } from "../support/wait_for.ts";
import { sleep } from "./attack.ts";
import { Random } from "./random.ts";
import { codeOf, LATE_TURNS, SLACK } from "./settled.ts";
import { UnhandledErrors } from "./unhandled_errors.ts";

/** What the process prints, as JSON. */
export interface LifecycleResult {
  readonly calls: number;
  readonly answered: number;
  readonly errors: Readonly<Record<string, number>>;
  readonly pending: number;
  readonly wrong: number;
  readonly late: readonly string[];
  readonly unexpected: readonly string[];
  readonly unhandled: readonly string[];
  readonly running: number;
  readonly listeners: number;
}

interface Kind {
  readonly name: string;
  readonly timeout: number;
  readonly input: (id: number) => unknown;
  readonly isOwn: (reply: unknown, id: number) => boolean;
  /** Codes of errors that may come of it, beside those of a link that drops. */
  readonly codes: readonly string[];
}

const LOOPS = 30;
const PROGRAM = "attack.lifecycle";
const LOST = ["connection_lost", "timeout"];

const same = (reply: unknown, id: number): boolean => reply === id;

const KINDS: readonly Kind[] = [
  { name: "echo", timeout: 5_000, input: (id) => id, isOwn: same, codes: LOST },
  { name: "echo", timeout: 40, input: (id) => id, isOwn: same, codes: LOST },
  { name: "slow", timeout: 3_000, input: (id) => id, isOwn: same, codes: LOST },
  { name: "never", timeout: 150, input: (id) => id, isOwn: () => false, codes: LOST },
  { name: "heeds", timeout: 120, input: (id) => id, isOwn: () => false, codes: LOST },
  {
    ...{ name: "large", timeout: 5_000, codes: LOST },
    input: (id) => ({ id, text: "x".repeat(200_000) }),
    isOwn: (reply, id) => (reply as { id?: number }).id === id,
  },
  {
    ...{ name: "fails", timeout: 2_000, input: (id) => id, isOwn: () => false },
    codes: [...LOST, "sold_out"],
  },
  {
    ...{ name: "throws", timeout: 2_000, input: (id) => id, isOwn: () => false },
    codes: [...LOST, "internal"],
  },
  {
    ...{ name: "missing", timeout: 1_000, input: (id) => id, isOwn: () => false },
    codes: [...LOST, "no_route"],
  },
];

async function main(): Promise<void> {
  const [url = "", seconds = "5", seed = "1"] = process.argv.slice(2);
  const unhandled = new UnhandledErrors();
  const settings: Settings = {
    ...{ url, environment: "", heartbeatSeconds: 1, connectTimeout: 1_000 },
    reconnect: { initial: 10, max: 100 },
  };
  const prefix = `${PROGRAM}.${crypto.randomUUID().slice(0, 8)}`;
  const worker = new Worker({ registry: tasks(prefix), settings, drainTimeout: 500 });
  await worker.start();
  tell("started");
  const load = new Load(new RPCClient({ settings }), prefix, new Random(Number(seed)));
  await load.run(Number(seconds) * 1_000);
  tell("closed the client");
  await worker.stop();
  tell("stopped the worker");
  // Those that the drain did not wait for.
  await waitFor(() => worker.running === 0, "handlers to end", 5_000).catch(() => {});
  unhandled[Symbol.dispose]();
  const result = { ...load.result, unhandled: unhandled.take(), running: worker.running };
  console.log(JSON.stringify(result));
}

/** Tells how far it got, for when it gets no further. */
function tell(text: string): void {
  process.stderr.write(`${text}\n`);
}

function tasks(prefix: string): TaskRegistry {
  const registry = new TaskRegistry();
  const queue = { queue: { expires: 60_000 } };
  registry(`${prefix}.echo`, queue, (id: unknown) => id);
  registry(`${prefix}.large`, queue, (input: unknown) => input);
  registry(`${prefix}.slow`, queue, async (id: unknown) => {
    await sleep(5 + (Number(id) % 45));
    return id;
  });
  registry(`${prefix}.never`, queue, () => sleep(1_000));
  registry(`${prefix}.heeds`, queue, (_: unknown, { signal }: TaskContext) => {
    return new Promise((_, reject) => {
      signal.addEventListener("abort", () => reject(signal.reason as Error));
    });
  });
  registry(`${prefix}.fails`, queue, () => {
    throw new TaskError("sold_out", "Sold out.");
  });
  registry(`${prefix}.throws`, queue, () => {
    throw new Error("on purpose");
  });
  return registry;
}

/** Loops of calls, each one call after the other. */
class Load {
  readonly #client: RPCClient;
  readonly #prefix: string;
  readonly #random: Random;
  readonly #errors: Record<string, number> = {};
  readonly #late: string[] = [];
  readonly #unexpected: string[] = [];
  #calls = 0;
  #answered = 0;
  #wrong = 0;
  #pending = 0;
  #listeners = 0;

  constructor(client: RPCClient, prefix: string, random: Random) {
    this.#client = client;
    this.#prefix = prefix;
    this.#random = random;
  }

  get result(): Omit<LifecycleResult, "unhandled" | "running"> {
    return {
      ...{ calls: this.#calls, answered: this.#answered, errors: this.#errors },
      ...{ pending: this.#pending, wrong: this.#wrong, late: this.#late },
      ...{ unexpected: this.#unexpected, listeners: this.#listeners },
    };
  }

  async run(milliseconds: number): Promise<void> {
    const endsAt = performance.now() + milliseconds;
    for (let loop = 0; loop < LOOPS; loop++) void this.#loop(endsAt);
    await sleep(milliseconds);
    await waitFor(() => this.#pending === 0, "the last calls", 8_000).catch(() => {});
    await this.#client.close();
  }

  async #loop(endsAt: number): Promise<void> {
    while (performance.now() < endsAt) await this.#call();
  }

  async #call(): Promise<void> {
    const random = this.#random;
    const kind = random.pick(KINDS);
    const id = ++this.#calls;
    const retry = random.chance(0.5);
    const abortAfter = random.chance(0.1) ? random.int(0, 60) : undefined;
    const watched = new WatchedSignal(abortAfter);
    const options: CallOptions = { timeout: kind.timeout, retry, signal: watched.signal };
    using lag = new EventLoopLag();
    const since = performance.now();
    this.#pending++;
    try {
      const call = this.#client.call(`${this.#prefix}.${kind.name}`, kind.input(id), options);
      const reply = await call;
      this.#answered++;
      if (!kind.isOwn(reply, id)) this.#wrong++;
    } catch (error) {
      this.#count(error, kind, abortAfter !== undefined);
      // Not in a tight loop, while nothing can be sent.
      await sleep(1);
    } finally {
      this.#pending--;
      watched.end();
      this.#listeners += watched.listeners;
    }
    const over = performance.now() - since - kind.timeout;
    if (over > SLACK + LATE_TURNS * lag.max)
      this.#late.push(
        `${kind.name}: ${Math.round(over)} ms after its deadline (lag ${Math.round(lag.max)})`,
      );
  }

  #count(error: unknown, { name, codes }: Kind, mayAbort: boolean): void {
    const code = codeOf(error);
    this.#errors[code] = (this.#errors[code] ?? 0) + 1;
    const isOurs = error instanceof BgtasksError && codes.includes(code);
    if (!isOurs && !(mayAbort && code === "Error: given up"))
      this.#unexpected.push(`${name}: ${String(error)}`);
  }
}

/** A signal that counts who listens to it. */
class WatchedSignal {
  readonly signal: AbortSignal;
  listeners = 0;
  readonly #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(abortAfter: number | undefined) {
    const controller = new AbortController();
    this.signal = controller.signal;
    const { signal } = this;
    const add = signal.addEventListener.bind(signal);
    const remove = signal.removeEventListener.bind(signal);
    Object.assign(signal, {
      addEventListener: (...args: Parameters<typeof add>) => {
        this.listeners++;
        add(...args);
      },
      removeEventListener: (...args: Parameters<typeof remove>) => {
        this.listeners--;
        remove(...args);
      },
    });
    if (abortAfter !== undefined)
      this.#timer = setTimeout(() => controller.abort(new Error("given up")), abortAfter);
  }

  end(): void {
    clearTimeout(this.#timer);
  }
}

await main();
