import type { Random } from "../random.ts";
import { BAD_ROUTES, CODES, HEADERS, THROWN, VALUES } from "./values.ts";
import { SCHEMAS } from "./schemas.ts";

/** What a handler does. */
export type Behaviour =
  | {
      readonly does:
        | "echo"
        | "echo later"
        | "tell its context"
        | "change its headers"
        | "be thenable";
    }
  | { readonly does: "return"; readonly value: string }
  | { readonly does: "throw" | "reject"; readonly thrown: string }
  | { readonly does: "fail"; readonly code: string; readonly data: string }
  /** Does not end before the step does. */
  | { readonly does: "hang" }
  /** Waits for its signal, then ends in this way. */
  | { readonly does: "heed"; readonly and: "reject" | "return" | "fail" };

export interface TaskPlan {
  readonly route: number;
  readonly behaviour: Behaviour;
  readonly input: string | undefined;
  readonly output: string | undefined;
  readonly concurrency: number | undefined;
  readonly timeout: number | undefined;
}

export interface CallPlan {
  readonly route: number;
  readonly value: string;
  readonly headers: string;
  readonly timeout: number;
  readonly retry: boolean;
  /** Gives the call up: before it is made, once its handler runs, or at once when nobody serves it. */
  readonly abort: "no" | "before" | "begun" | "waiting";
}

export type Step =
  | { readonly step: "register"; readonly task: TaskPlan }
  | { readonly step: "override"; readonly route: number; readonly behaviour: Behaviour }
  | { readonly step: "restore" }
  | { readonly step: "delete"; readonly route: number }
  | { readonly step: "start"; readonly concurrency: number; readonly runs: number }
  | { readonly step: "stop" }
  | { readonly step: "call"; readonly calls: readonly CallPlan[] }
  | {
      readonly step: "call and start";
      readonly calls: readonly CallPlan[];
      readonly concurrency: number;
      readonly runs: number;
    }
  | {
      readonly step: "call, stop and start";
      readonly calls: readonly CallPlan[];
      readonly concurrency: number;
    }
  | { readonly step: "call and close"; readonly calls: readonly CallPlan[] }
  | { readonly step: "call a bad route"; readonly route: number };

export interface Program {
  readonly maxMessageBytes: number;
  readonly steps: readonly Step[];
}

/** A call that is to be answered: longer than anything here takes. */
const LONG = 20_000;
/** A call that is to time out, whose request reaches its handler before, also on a busy machine. */
const SHORT = 800;
const TASK_TIMEOUT = 60;
const ROUTES = 4;

/**
 * Makes programs whose outcome no order and no timing decides. What would let one decide is not made:
 *
 * - Steps follow one another, and each ends when its calls and handlers have.
 * - A handler answers at once, or never before the step is over; so a call answers or times out, with nothing between.
 * - Beside calls whose handlers hang there are never more calls than handlers may run, so none waits for a free one.
 */
export class ProgramMaker {
  readonly #random: Random;
  readonly #steps: Step[] = [];
  readonly #tasks = new Map<number, TaskPlan>();
  /** The routes of each worker that runs, and how many handlers it runs at a time. */
  readonly #workers: { readonly routes: ReadonlySet<number>; readonly concurrency: number }[] = [];
  readonly #queues = new Set<number>();
  /** Requests that wait in a queue and that nobody waits for any more. */
  readonly #abandoned = new Map<number, number>();
  #override: { readonly route: number; readonly before: TaskPlan } | undefined;
  #slow = 0;

  constructor(random: Random) {
    this.#random = random;
  }

  make(): Program {
    const random = this.#random;
    const count = random.int(1, ROUTES);
    for (let route = 0; route < count; route++) this.#register(route);
    if (random.chance(0.9)) this.#start();
    const steps = random.int(3, 10);
    for (let i = 0; i < steps; i++) this.#step();
    return { maxMessageBytes: random.pick([2_000, 2_000, 400_000]), steps: this.#steps };
  }

  #step(): void {
    const random = this.#random;
    const draw = random.next();
    if (draw < 0.55) return this.#call();
    if (draw < 0.63) return this.#change();
    if (draw < 0.68) return this.#register(random.int(0, ROUTES - 1));
    if (draw < 0.74) return this.#workers.length < 2 ? this.#start() : this.#stop();
    if (draw < 0.8) return this.#stop();
    if (draw < 0.86) return this.#callAndStart();
    if (draw < 0.91) return this.#callStopAndStart();
    if (draw < 0.96) return this.#callAndClose();
    this.#steps.push({ step: "call a bad route", route: random.int(0, BAD_ROUTES.length - 1) });
  }

  #register(route: number): void {
    const random = this.#random;
    if (this.#tasks.has(route) || this.#override?.route === route) return;
    const schema = (chance: number): string | undefined =>
      random.chance(chance) ? random.pick(Object.keys(SCHEMAS)) : undefined;
    const behaviour = this.#behaviour();
    const task = {
      route,
      behaviour,
      // A handler that hangs is reached for sure: whether a schema lets a value through is not known here.
      input: hangs(behaviour) ? undefined : schema(0.3),
      output: schema(0.12),
      concurrency: random.chance(0.3) ? random.int(1, 3) : undefined,
      timeout: random.chance(0.15) ? TASK_TIMEOUT : undefined,
    };
    this.#tasks.set(route, task);
    this.#steps.push({ step: "register", task });
  }

  #behaviour(): Behaviour {
    const random = this.#random;
    const draw = random.next();
    if (draw < 0.2) return { does: "echo" };
    if (draw < 0.27) return { does: "echo later" };
    if (draw < 0.34) return { does: "tell its context" };
    if (draw < 0.38) return { does: "change its headers" };
    if (draw < 0.4) return { does: "be thenable" };
    if (draw < 0.58) return { does: "return", value: random.pick(Object.keys(VALUES)) };
    if (draw < 0.66) {
      const does = random.pick(["throw", "reject"] as const);
      return { does, thrown: random.pick(Object.keys(THROWN)) };
    }
    if (draw < 0.8) {
      const [code, data] = [random.pick(Object.keys(CODES)), random.pick(Object.keys(VALUES))];
      return { does: "fail", code, data };
    }
    if (draw < 0.9) return { does: "hang" };
    return { does: "heed", and: random.pick(["reject", "return", "fail"] as const) };
  }

  #change(): void {
    const random = this.#random;
    if (this.#override) return this.#restore();
    const task = random.pick([...this.#tasks.values(), undefined]);
    if (!task) return;
    if (random.chance(0.3)) {
      this.#tasks.delete(task.route);
      this.#steps.push({ step: "delete", route: task.route });
      return;
    }
    const behaviour = this.#behaviour();
    if (hangs(behaviour) && task.input !== undefined) return;
    this.#override = { route: task.route, before: task };
    this.#tasks.set(task.route, { ...task, behaviour });
    this.#steps.push({ step: "override", route: task.route, behaviour });
  }

  #restore(): void {
    if (!this.#override) return;
    this.#tasks.set(this.#override.route, this.#override.before);
    this.#override = undefined;
    this.#steps.push({ step: "restore" });
  }

  #start(): void {
    if (this.#tasks.size === 0) return;
    const concurrency = this.#random.pick([1, 2, 3, 10, 10]);
    this.#steps.push({ step: "start", concurrency, runs: this.#begin(concurrency) });
  }

  /** @returns how many requests that nobody waits for it runs at once */
  #begin(concurrency: number): number {
    const routes = new Set(this.#tasks.keys());
    this.#workers.push({ routes, concurrency });
    let runs = 0;
    for (const route of routes) {
      this.#queues.add(route);
      runs += this.#abandoned.get(route) ?? 0;
      this.#abandoned.delete(route);
    }
    return runs;
  }

  #stop(): void {
    if (this.#workers.shift()) this.#steps.push({ step: "stop" });
  }

  #call(): void {
    const calls = this.#limit(this.#plans());
    if (calls.length > 0) this.#steps.push({ step: "call", calls });
  }

  #callAndStart(): void {
    if (this.#workers.length > 0 || this.#tasks.size === 0) return;
    const waits = (route: number): boolean =>
      this.#queues.has(route) && this.#tasks.has(route) && !this.#hangs(route);
    const calls = this.#plans()
      .filter(({ route, abort }) => waits(route) && abort !== "waiting")
      .map((call) => ({ ...call, timeout: LONG }));
    const concurrency = this.#random.pick([1, 2, 10]);
    this.#steps.push({
      ...{ step: "call and start", calls, concurrency },
      runs: this.#begin(concurrency),
    });
  }

  #callStopAndStart(): void {
    const [worker] = this.#workers;
    if (this.#workers.length !== 1 || !worker) return;
    const calls = this.#limit(
      this.#plans()
        .filter(
          ({ route }) => this.#hangs(route) && worker.routes.has(route) && !this.#refuses(route),
        )
        .map((call) => ({ ...call, timeout: LONG, abort: "no" as const, ...sendable })),
    );
    if (calls.length === 0) return;
    this.#workers.shift();
    this.#begin(worker.concurrency);
    this.#steps.push({ step: "call, stop and start", calls, concurrency: worker.concurrency });
  }

  #callAndClose(): void {
    const calls = this.#limit(this.#plans().filter(({ abort }) => abort === "no"));
    this.#steps.push({ step: "call and close", calls });
  }

  #plans(): CallPlan[] {
    return Array.from({ length: this.#random.int(1, 5) }, () => this.#plan());
  }

  #plan(): CallPlan {
    const random = this.#random;
    // One more than there are: a route that nobody ever served.
    const route = random.int(0, ROUTES);
    const isServed = this.#workers.some(({ routes }) => routes.has(route));
    const waits = !isServed && this.#queues.has(route);
    const hangs = isServed && this.#hangs(route);
    const call = {
      route,
      value: random.pick(Object.keys(VALUES)),
      headers: random.chance(0.4) ? random.pick(Object.keys(HEADERS)) : "none",
      timeout: waits || (hangs && !this.#refuses(route)) || this.#mayBreak(route) ? SHORT : LONG,
      retry: random.chance(0.2),
    };
    if (random.chance(0.05)) return { ...call, abort: "before" };
    if (hangs && !this.#refuses(route) && random.chance(0.3))
      return { ...call, ...sendable, timeout: LONG, abort: "begun" };
    if (waits && random.chance(0.4) && this.#tasks.get(route)?.input === undefined)
      return { ...call, ...sendable, timeout: LONG, abort: "waiting" };
    return { ...call, abort: "no" };
  }

  /** Takes so many calls that none has to wait for a free handler where some hang. */
  #limit(calls: readonly CallPlan[]): CallPlan[] {
    // Given up as soon as a handler runs, which has to be its own.
    const begun = calls.find(({ abort }) => abort === "begun");
    if (begun) return [this.#keep(begun)];
    const isServed = (route: number): boolean =>
      this.#workers.some(({ routes }) => routes.has(route));
    const slow = calls.some(
      ({ route, timeout }) => timeout === SHORT || (isServed(route) && this.#hangs(route)),
    );
    // Each of them takes half a second.
    if (slow && ++this.#slow > 3)
      return calls
        .filter(({ route, timeout }) => timeout === LONG && !this.#hangs(route))
        .map((call) => this.#keep(call));
    const hanging = calls.some(({ route }) => isServed(route) && this.#hangs(route));
    if (!hanging) return calls.map((call) => this.#keep(call));
    let free = Math.min(...this.#workers.map(({ concurrency }) => concurrency));
    const ofRoute = new Map<number, number>();
    return calls
      .filter(({ route }) => {
        if (!isServed(route)) return true;
        const used = ofRoute.get(route) ?? 0;
        if (free === 0 || used >= (this.#tasks.get(route)?.concurrency ?? Infinity)) return false;
        free--;
        ofRoute.set(route, used + 1);
        return true;
      })
      .map((call) => this.#keep(call));
  }

  #keep(call: CallPlan): CallPlan {
    if (call.abort === "waiting")
      this.#abandoned.set(call.route, (this.#abandoned.get(call.route) ?? 0) + 1);
    return call;
  }

  #hangs(route: number): boolean {
    const task = this.#tasks.get(route);
    return task !== undefined && hangs(task.behaviour);
  }

  /** Whether a request may not get to the handler. */
  #refuses(route: number): boolean {
    const task = this.#tasks.get(route);
    return task?.input !== undefined || task?.timeout !== undefined;
  }

  /** Whether a reply may be one that no broker takes, so that the call has to end by itself. */
  #mayBreak(route: number): boolean {
    const behaviour = this.#tasks.get(route)?.behaviour;
    return behaviour?.does === "fail" && BREAKING.includes(behaviour.code);
  }
}

function hangs({ does }: Behaviour): boolean {
  return does === "hang" || does === "heed";
}

/** A request that goes out whatever the limits are. */
const sendable = { value: "an object", headers: "none" } as const;

/** Codes of errors that have broken the link of their worker. */
const BREAKING: readonly string[] = ["200 KB", "an object"];
