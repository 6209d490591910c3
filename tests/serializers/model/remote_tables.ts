import { BgtasksError, RPCResponse } from "../../../mod.ts";
import type { Remote } from "./nodes.ts";
import { IDS, ROUTES } from "./nodes.ts";
import type { Random } from "./random.ts";

/** A row of a remote table. Every tenth lacks something. */
export type TableRow = Readonly<Record<string, unknown>>;

/**
 * What a route does: it answers, throws, says `fail`, answers what is not a list of rows, or is picky: it refuses a list with
 * ids above 3 and says which these are.
 */
export type Health = "well" | "down" | "fail" | "rubbish" | "picky";

/** A request that a route got. */
export interface TableCall {
  readonly route: string;
  readonly ids: readonly unknown[];
  /** Equal for requests that differ in their ids alone. */
  readonly form: string;
}

/** The services of one case. */
export class RemoteTables {
  readonly rows: Readonly<Record<string, readonly TableRow[]>>;
  readonly health: Readonly<Record<string, Health>>;
  /** The most ids that a request or reply has room for. */
  readonly room: number;
  readonly calls: TableCall[] = [];

  constructor(
    random: Random,
    failures: readonly [Health, ...Health[]] = ["down", "fail", "rubbish"],
  ) {
    this.rows = Object.fromEntries(ROUTES.map((route) => [route, makeRows(random)]));
    this.health = Object.fromEntries(
      ROUTES.map((route) => [route, random.chance(0.9) ? "well" : random.pick(failures)]),
    );
    this.room = random.chance(0.1) ? 1 + random.below(3) : Infinity;
  }

  async call(route: string, body: unknown): Promise<unknown> {
    const { ids, ...more } = (Array.isArray(body) ? { ids: body } : body) as {
      ids: readonly unknown[];
      locale?: string;
      fields?: readonly string[];
    };
    const form = JSON.stringify([route, Array.isArray(body), more, isPair(ids[0])]);
    this.calls.push({ route, ids, form });
    for (let turns = ids.length % 3; turns >= 0; turns--) await Promise.resolve();
    if (ids.length > this.room) throw new BgtasksError("too_large", "too large");
    const health = this.health[route];
    if (health === "down") throw new Error("down");
    if (health === "fail") return RPCResponse({ errors: ["No."] });
    if (health === "rubbish") return { rows: [] };
    const wrong = ids.flatMap((id, place) => (isPicked(id) ? [[place, ["Odd."]] as const] : []));
    if (health === "picky" && wrong.length > 0) {
      const errors = Object.fromEntries(wrong);
      return RPCResponse({ errors: Array.isArray(body) ? errors : { ids: errors } });
    }
    const wanted = new Set(ids.map(keyOf));
    const rows = (this.rows[route] ?? [])
      .filter(
        ({ id, owner }) =>
          wanted.has(keyOf(id)) || wanted.has(keyOf(owner)) || wanted.has(keyOf({ owner, id })),
      )
      .map((row) => translate(row, more.locale))
      .map((row) => pick(row, more.fields));
    // As it comes out of JSON.
    return JSON.parse(JSON.stringify(rows));
  }

  /** The rows that an id of a field means. */
  rowsOf(node: Remote, id: unknown, locale: string): TableRow[] {
    const { route, many, request } = node;
    const rows = (this.rows[route] ?? []).filter((row) => {
      const { id: own, owner } = row;
      return keyOf(node.id === "pair" ? { owner, id: own } : many ? owner : own) === keyOf(id);
    });
    return rows.map((row) => translate(row, request === "params" ? locale : undefined));
  }
}

/** Whether a picky service refuses an id. */
export function isPicked(id: unknown): boolean {
  return Number(isPair(id) ? id["id"] : id) > 3;
}

/** What an id is as text; 1 and "1" are one id. */
export function keyOf(id: unknown): string {
  return isPair(id) ? JSON.stringify([String(id["owner"]), String(id["id"])]) : String(id);
}

function isPair(id: unknown): id is TableRow {
  return typeof id === "object" && id !== null;
}

function translate(row: TableRow, locale: string | undefined): TableRow {
  const { name } = row;
  return locale && typeof name === "string" ? { ...row, name: `${name}${locale}` } : row;
}

function pick(row: TableRow, fields: readonly string[] | undefined): TableRow {
  return fields
    ? Object.fromEntries(Object.entries(row).filter(([name]) => fields.includes(name)))
    : row;
}

function makeRows(random: Random): TableRow[] {
  const ids = Array.from({ length: IDS }, (_, id) => id).filter(() => random.chance(0.85));
  return ids.map((id) => {
    const row: Record<string, unknown> = {
      id,
      owner: random.below(IDS),
      name: random.chance(0.95) ? " n " : 5,
      a: random.below(IDS),
      b: random.chance(0.7) ? random.below(IDS) : null,
      list: random.list(3, () => random.below(IDS)),
    };
    if (random.chance(0.1)) delete row[random.pick(["name", "a", "b", "list"])];
    return row;
  });
}
