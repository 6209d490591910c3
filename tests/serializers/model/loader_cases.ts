import assert from "node:assert/strict";

import * as v from "valibot";

import type { CallOptions, RowId } from "../../../mod.ts";
import { BgtasksError, remoteField, RemoteLoader, serializer } from "../../../mod.ts";
import { Random } from "./random.ts";

const ROWS = 8;
const TTL = 1_000;
const route = "rows";
type Context = { readonly locale: string };

/** The ways in which rows are asked for. Each has memories of its own. */
const fields = {
  list: remoteField(v.number(), { route }),
  key: remoteField(v.number(), { route, key: "ids" }),
  params: remoteField(v.number(), {
    route,
    key: "ids",
    params: ({ locale }: Context) => ({ locale }),
  }),
  many: remoteField(v.number(), {
    route,
    key: "owners",
    mergeKey: "owner",
    many: true,
  }),
  pair: remoteField(v.object({ a: v.number(), b: v.number() }), { route, mergeKey: ["a", "b"] }),
} as const;
type Form = keyof typeof fields;
const FORMS = Object.keys(fields) as [Form, ...Form[]];

/** What a row was from some time on: a version, or null where there was none. */
interface State {
  readonly at: number;
  readonly version: number | null;
}

/**
 * Random loads, checks, clears, primes, changes, failures, aborts and passing time at once: nobody gets a row, or the absence of one,
 * that is older than the last clear before it asked or than the loader remembers, nobody is left waiting, and one that fails is
 * asked again.
 */
export async function checkLoader(seed: number): Promise<void> {
  const now = performance.now.bind(performance);
  const shared = new SharedLoader(new Random(seed));
  performance.now = () => shared.clock;
  try {
    await shared.run();
  } finally {
    performance.now = now;
  }
}

class SharedLoader {
  clock = 0;
  readonly #random: Random;
  readonly #ttl: number;
  readonly #room: number;
  readonly #loader: RemoteLoader;
  readonly #history: State[][];
  /** The first state that somebody who asks now may see, of each form and row. */
  readonly #oldest: Record<Form, number[]>;
  #version = 0;

  constructor(random: Random) {
    this.#random = random;
    this.#ttl = random.chance(0.4) ? TTL : Infinity;
    this.#room = random.chance(0.2) ? 1 : Infinity;
    this.#history = Array.from({ length: ROWS }, () => [this.#newState()]);
    const zeros = () => Array.from({ length: ROWS }, () => 0);
    this.#oldest = Object.fromEntries(FORMS.map((form) => [form, zeros()])) as Record<
      Form,
      number[]
    >;
    this.#loader = new RemoteLoader({
      client: this,
      wait: random.pick(["turn", "microtask"]),
      ...(random.chance(0.3) && { max: 1 + random.below(4) }),
      ...(this.#ttl === TTL && { ttl: TTL }),
    });
  }

  async run(): Promise<void> {
    const work: Promise<void>[] = [];
    for (let step = 0; step < 16; step++) {
      const dice = this.#random.next();
      if (dice < 0.6) work.push(this.#load());
      else if (dice < 0.75) this.#change();
      else if (dice < 0.82) this.#clear();
      else if (dice < 0.9) this.#prime();
      else if (this.#ttl === TTL) {
        // Rows are as old as the call that brought them.
        await Promise.all(work.splice(0));
        this.clock += this.#random.pick([TTL / 20, TTL / 2, TTL + 1]);
      }
      await this.#pause();
    }
    await Promise.all(work);
  }

  async call(_route: string, body: unknown, options: CallOptions = {}): Promise<unknown> {
    await this.#pause();
    if (this.#random.chance(0.1)) throw new Error("down");
    const request = (Array.isArray(body) ? { ids: body } : body) as Record<string, unknown>;
    const ids = (request["ids"] ?? request["owners"]) as readonly RowId[];
    if (ids.length > this.#room) throw new BgtasksError("too_large", "too large");
    const rows = ids.flatMap((id) => {
      const own = typeof id === "object" ? Number(id["a"]) : Number(id);
      const { version } = this.#history[own]?.at(-1) ?? { version: null };
      const { locale = null } = request;
      const { user = null } = (options.headers ?? {}) as { readonly user?: string };
      return version === null ? [] : [{ ...rowOf(own, version), locale, user }];
    });
    await this.#pause();
    return rows;
  }

  async #load(): Promise<void> {
    const random = this.#random;
    const form = random.pick(FORMS);
    const locale = random.pick(["uz", "en"]);
    const user = random.chance(0.3) ? random.pick(["tom", "ann"]) : null;
    const ids = random.list(4, () => random.below(ROWS + 1));
    const rows = ids.map((id) => ({ row: form === "pair" ? { a: id, b: 1 } : id }));
    const least = ids.map((id) => this.#oldest[form][id] ?? 0);
    const begun = this.clock;
    const controller = new AbortController();
    const options = {
      loader: this.#loader,
      signal: controller.signal,
      context: { locale },
      ...(user && { headers: { user } }),
    };
    const Serializer = serializer(v.object({ rows: v.array(v.object({ row: fields[form] })) }));
    // Nobody stores the rows that hold an id.
    const work =
      form === "many" || random.chance(0.7)
        ? Serializer.serialize({ rows } as never, options).then(({ rows: found }) => found)
        : Serializer.validate({ rows }, options).then((result) => {
            const errors = result.success ? {} : result.errors;
            return rows.map((_, index) => !(`rows[${index}].row` in errors));
          });
    if (random.chance(0.1)) controller.abort(new Error("gone"));
    try {
      const found: readonly unknown[] = await work;
      for (const [index, id] of ids.entries()) {
        const { version, row } = readFound(found[index]);
        this.#assertFresh(id, version, least[index] ?? 0, begun);
        // Rows that were primed have neither.
        if (row && form === "params") assert.equal(row["locale"], locale);
        if (row?.["user"] !== undefined) assert.equal(row["user"], user);
      }
    } catch (error) {
      if (!["down", "gone"].includes((error as Error).message)) throw error;
    }
  }

  /** @param version what was seen: null where there was no row, undefined where it is not known which */
  #assertFresh(id: number, version: number | null | undefined, least: number, begun: number): void {
    const history = this.#history[id] ?? [{ at: 0, version: null }];
    const age = version === null ? this.#ttl / 10 : this.#ttl;
    const byTime = history.filter(({ at }) => at < begun - age).length - 1;
    const fresh = history.slice(Math.max(least, byTime, 0)).map((state) => state.version);
    const fits =
      version === undefined ? fresh.some((one) => one !== null) : fresh.includes(version);
    assert.ok(fits, `row ${id} is ${String(version)}, not one of ${fresh.join()}`);
  }

  /** "Changed: ask again." */
  #change(): void {
    const id = this.#random.below(ROWS);
    this.#history[id]?.push(this.#newState());
    // Who does not say so shows the old one until its time is over.
    if (this.#random.chance(0.3)) return;
    const form = this.#random.pick(FORMS);
    const isOne = this.#random.chance(0.3) && form !== "params";
    const ids = [id, { b: 1, a: id }];
    this.#loader.clear(isOne ? fields[form].options : route, ids);
    for (const cleared of isOne ? [form] : FORMS) this.#forget(cleared, id);
  }

  #clear(): void {
    if (this.#random.chance(0.5)) this.#loader.clear();
    else this.#loader.clear(route);
    for (const form of FORMS) for (let id = 0; id < ROWS; id++) this.#forget(form, id);
  }

  #forget(form: Form, id: number): void {
    this.#oldest[form][id] = (this.#history[id]?.length ?? 1) - 1;
  }

  #prime(): void {
    const id = this.#random.below(ROWS);
    const { version } = this.#history[id]?.at(-1) ?? { version: null };
    if (version === null) return;
    const form = this.#random.pick(["list", "key", "pair"]);
    const isOne = this.#random.chance(0.3);
    this.#loader.prime(isOne ? fields[form].options : route, [rowOf(id, version)]);
  }

  #newState(): State {
    const version = this.#random.chance(0.8) ? this.#version++ : null;
    return { at: this.clock, version };
  }

  async #pause(): Promise<void> {
    for (let turns = this.#random.below(4); turns > 0; turns--) await Promise.resolve();
    if (this.#random.chance(0.15)) await new Promise<void>((resolve) => setImmediate(resolve));
  }
}

function rowOf(id: number, version: number): object {
  return { id, owner: id, a: id, b: 1, version };
}

/** What `serialize()` shows, or whether `validate()` knows a row. */
function readFound(found: unknown): {
  readonly version: number | null | undefined;
  readonly row?: Readonly<Record<string, unknown>>;
} {
  if (typeof found === "boolean") return { version: found ? undefined : null };
  const { row } = found as { readonly row: unknown };
  const [only = null] = [row].flat() as readonly (Readonly<Record<string, unknown>> | null)[];
  return only ? { version: Number(only["version"]), row: only } : { version: null };
}
