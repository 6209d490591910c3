import type { Schema } from "../schema/schema.ts";
import type { RowId } from "../rows/fields.ts";
import { idKey } from "../rows/fields.ts";
import type { Asked, FieldIds } from "./collect.ts";
import type { Endpoint } from "./endpoint.ts";
import { tightest } from "./endpoint.ts";
import type { IdKey, IdSet } from "./fetch_rows.ts";
import type { NestedPlan, RemotePlan } from "./plan.ts";

/** Fields that mean the same objects: one call asks for all of their ids. */
export class Relation implements IdSet {
  /** Where the rows come from, with the tightest limits of all fields. */
  endpoint: Endpoint;
  readonly schema: Schema | undefined;
  readonly targets: (readonly [plan: RemotePlan, ids: FieldIds])[];
  byKey: ReadonlyMap<IdKey, RowId>;
  keyOf: IdSet["keyOf"];
  /** Set when the ids are of more than one field, and may be added to. */
  #own: Map<IdKey, RowId> | undefined;

  constructor(endpoint: Endpoint, plan: RemotePlan, known: FieldIds) {
    this.endpoint = endpoint;
    this.schema = plan.field.options.schema;
    this.targets = [[plan, known]];
    this.byKey = byKey(known);
    this.keyOf = keyOf(known);
  }

  get #first(): RemotePlan | undefined {
    return this.targets[0]?.[0];
  }

  get nested(): NestedPlan | undefined {
    return this.#first?.nested();
  }

  /**
   * Whether the whole is certain to fail when there is no object for an id, or for any of them. Where it is not, what holds
   * the objects finds out.
   */
  isFatalFor(key?: IdKey): boolean {
    return this.targets.some(
      (target) => isFatal(target) && (key === undefined || this.#asks(target[1], key)),
    );
  }

  #asks({ ids, kind }: FieldIds, key: IdKey): boolean {
    if (this.targets.length === 1 || (kind === "number" && ids.has(key))) return true;
    return [...ids.values()].some((id) => this.keyOf(id) === key);
  }

  /** The fields, by the names that lead to them from the rows of the caller, and their ids. */
  get fields(): (readonly [path: string, known: FieldIds])[] {
    return this.targets.flatMap(([{ path }, known]) => {
      const outer = known.parent?.fields.map(([name]) => `${name}.`) ?? [""];
      return outer.map((name) => [`${name}${path}`, known] as const);
    });
  }

  /** Whether a field means the same objects. */
  has(endpoint: Endpoint, { field, include }: RemotePlan): boolean {
    const first = this.#first;
    return (
      this.endpoint.name === endpoint.name &&
      this.schema === field.options.schema &&
      first?.field.serializer() === field.serializer() &&
      first?.include?.key === include?.key
    );
  }

  add(endpoint: Endpoint, plan: RemotePlan, known: FieldIds): void {
    this.endpoint = tightest(this.endpoint, endpoint);
    this.targets.push([plan, known]);
    if (keyOf(known) !== this.keyOf) {
      this.useIdKeys();
      for (const [, id] of known.ids) this.#ownIds().set(idKey(id), id);
    } else for (const [key, id] of byKey(known)) this.#ownIds().set(key, id);
  }

  /** Makes the keys those of `idKey()`, which all relations share. */
  useIdKeys(): this {
    if (this.keyOf === idKey) return this;
    this.keyOf = idKey;
    this.#own = new Map([...this.byKey.values()].map((id) => [idKey(id), id]));
    this.byKey = this.#own;
    return this;
  }

  #ownIds(): Map<IdKey, RowId> {
    this.#own ??= new Map(this.byKey);
    this.byKey = this.#own;
    return this.#own;
  }
}

function isFatal([{ field }, { parent }]: Relation["targets"][number]): boolean {
  return (
    field.options.onError !== "null" && (parent === undefined || parent.targets.every(isFatal))
  );
}

/** Groups fields that share objects. */
export function toRelations({ ids }: Asked, context: unknown): Relation[] {
  const relations = new Map<string, Relation[]>();
  for (const [plan, known] of ids) {
    if (known.ids.size === 0) continue;
    const endpoint = plan.field.endpointFor(context, fieldsOf(plan));
    const alike = relations.get(endpoint.name);
    const relation = alike?.find((other) => other.has(endpoint, plan));
    if (relation) relation.add(endpoint, plan, known);
    else if (alike) alike.push(new Relation(endpoint, plan, known));
    else relations.set(endpoint.name, [new Relation(endpoint, plan, known)]);
  }
  return [...relations.values()].flat();
}

/**
 * Groups relations whose rows may lead to one route: only these wait for each other, so that the route is called once for
 * all of their rows. Where a relation leads is unknown with `v.lazy`; it waits for all that lead anywhere.
 */
export function groupByRoutes(relations: readonly Relation[]): Relation[][] {
  let groups: { readonly relations: Relation[]; routes: ReadonlySet<string> | undefined }[] = [];
  for (const relation of relations) {
    const routes = relation.nested ? relation.nested.routes() : NO_ROUTES;
    const mine = groups.filter((group) => meet(group.routes, routes));
    const joined = {
      relations: [...mine.flatMap((group) => group.relations), relation],
      routes: [...mine.map((group) => group.routes), routes].reduce(unite, NO_ROUTES),
    };
    groups = [...groups.filter((group) => !mine.includes(group)), joined];
  }
  return groups.map((group) => group.relations);
}

const NO_ROUTES: ReadonlySet<string> = new Set();

type Routes = ReadonlySet<string> | undefined;

function meet(a: Routes, b: Routes): boolean {
  if (a && b) return [...a].some((route) => b.has(route));
  return a?.size !== 0 && b?.size !== 0;
}

function unite(a: Routes, b: Routes): Routes {
  return a && b && new Set([...a, ...b]);
}

/** The fields of the remote rows that are needed; undefined where nobody asks, or all of them may be. */
export function fieldsOf({ field, nested }: RemotePlan): readonly string[] | undefined {
  if (field.options.select === undefined) return undefined;
  let plan = nested()?.plan;
  while (plan?.kind === "pipe" || plan?.kind === "maybe") plan = plan.inner;
  if (plan?.kind !== "object" || plan.rest) return undefined;
  const names = plan.fields.flatMap(({ attributes }) => attributes);
  return [...new Set([field.options.mergeKey ?? "id", ...names].flat())].sort();
}

/** Objects by the value in the rows, so that merging looks them up without a conversion. */
export function byValue<T>(
  { ids, kind }: FieldIds,
  { keyOf: key }: IdSet,
  objects: ReadonlyMap<IdKey, T>,
): ReadonlyMap<unknown, T> {
  if (objects.size === 0 || kind === "number" || (kind === "text" && key === String))
    return objects;
  const values = new Map<unknown, T>();
  for (const [value, id] of ids) {
    const object = objects.get(key(id));
    if (object !== undefined || objects.has(key(id))) values.set(value, object as T);
  }
  return values;
}

/** Text alone is its own key: what makes "1" the same as 1 is needed among numbers only. */
function keyOf({ kind }: FieldIds): IdSet["keyOf"] {
  return kind === "text" ? String : idKey;
}

function byKey({ ids, kind }: FieldIds): ReadonlyMap<IdKey, RowId> {
  if (kind !== "mixed") return ids as ReadonlyMap<IdKey, RowId>;
  return new Map([...ids.values()].map((id) => [idKey(id), id]));
}
