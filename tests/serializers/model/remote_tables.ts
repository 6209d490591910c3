import { RPCResponse } from "../../../mod.ts";
import type { Random } from "./random.ts";
import { IDS, ROUTES } from "./nodes.ts";

/** A row of a remote table. Every tenth lacks something. */
export type TableRow = Readonly<Record<string, unknown>>;

/** What a route does: it answers, throws, says `fail`, or answers what is not a list of rows. */
export type Health = "well" | "down" | "fail" | "rubbish";

/** The services of one case. */
export class RemoteTables {
  readonly rows: Readonly<Record<string, readonly TableRow[]>>;
  readonly health: Readonly<Record<string, Health>>;
  readonly calls: { readonly route: string; readonly ids: readonly unknown[] }[] = [];

  constructor(random: Random) {
    this.rows = Object.fromEntries(ROUTES.map((route) => [route, makeRows(random)]));
    this.health = Object.fromEntries(
      ROUTES.map((route) => [
        route,
        random.chance(0.9) ? "well" : random.pick(["down", "fail", "rubbish"]),
      ]),
    );
  }

  async call(route: string, ids: unknown): Promise<unknown> {
    this.calls.push({ route, ids: ids as readonly unknown[] });
    await Promise.resolve();
    const health = this.health[route];
    if (health === "down") throw new Error("down");
    if (health === "fail") return RPCResponse({ errors: ["No."] });
    if (health === "rubbish") return { rows: [] };
    const isPair = (id: unknown) => typeof id === "object" && id !== null;
    const wanted = new Set((ids as unknown[]).filter((id) => !isPair(id)).map(String));
    const pairs = (ids as unknown[]).filter(isPair) as TableRow[];
    const rows = (this.rows[route] ?? []).filter(
      ({ id, owner }) =>
        wanted.has(String(id)) ||
        wanted.has(String(owner)) ||
        pairs.some((pair) => pair["id"] === id && pair["owner"] === owner),
    );
    // As it comes out of JSON.
    return JSON.parse(JSON.stringify(rows));
  }
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
