import type { BgtasksError } from "../errors.ts";
import type { Include } from "./include.ts";
import type { AnyRemoteField, NestedSerializer } from "./remote_field.ts";
import type { PipeItemView, SchemaView } from "./valibot_schema.ts";

/**
 * How to represent the values of one schema, found out once: where its remote fields are, and which of its columns are
 * more than a copy. Collecting and merging walk the plan, never the schema.
 */
export type Plan =
  /** The value as it is. */
  | { readonly kind: "copy" }
  /** The value as valibot makes it. */
  | { readonly kind: "run"; readonly schema: SchemaView }
  /** Nothing can be made of it: the error says why. */
  | { readonly kind: "refuse"; readonly error: BgtasksError }
  | RemotePlan
  | ObjectPlan
  | { readonly kind: "list"; readonly item: Plan }
  | TuplePlan
  /** Every own field of the value, whatever its name. */
  | { readonly kind: "record"; readonly key: SchemaView | undefined; readonly value: Plan }
  | ChoicePlan
  | MaybePlan
  /** Actions on what `inner` gave. */
  | { readonly kind: "pipe"; readonly inner: Plan; readonly actions: readonly PipeItemView[] }
  /** Known when there is a value; the schema may hold itself. */
  | { readonly kind: "lazy"; readonly planOf: (value: unknown) => Plan };

/** The remote object of an id. Ids are collected, and objects found, by plan: by the place in the schema. */
export interface RemotePlan {
  readonly kind: "remote";
  readonly field: AnyRemoteField;
  /** The names of the fields that lead here: `sections.images`. */
  readonly path: string;
  /** What callers want of the remote rows' own relations; undefined is everything. */
  readonly include: Include | undefined;
  /** How the remote rows are represented, planned when it is first needed. */
  readonly nested: () => NestedPlan | undefined;
}

/** How remote rows are represented. */
export interface NestedPlan {
  readonly serializer: NestedSerializer;
  readonly plan: Plan;
  /** The routes that the rows may lead to, at whatever depth; undefined where that is not known before there are rows. */
  readonly routes: () => ReadonlySet<string> | undefined;
}

export interface ObjectPlan {
  readonly kind: "object";
  readonly fields: readonly FieldPlan[];
  /** Those of the fields that hold remote fields. */
  readonly remote: readonly FieldPlan[];
  /** Those that the object lacks when the row does. */
  readonly optional: readonly FieldPlan[];
  /** What becomes of the fields that are not named; undefined leaves them out. */
  readonly rest: Plan | undefined;
  /** Whether fields that are not named are an error. */
  readonly strict: boolean;
  readonly names: ReadonlySet<string>;
  /** Has all fields, in their order: a copy of it is an object of the right shape at once. Undefined for names that need care. */
  readonly template: Readonly<Record<string, undefined>> | undefined;
  /** The names of the fields, where a row that has them and no others may be copied as a whole. */
  readonly clonable: readonly string[] | undefined;
  /** Those of the fields that are more than a copy. */
  readonly changed: readonly FieldPlan[];
}

export interface FieldPlan {
  readonly name: string;
  /** The attribute of the row, or a path to one of an inner object. */
  readonly source: string;
  /** The attributes of the row itself that it takes. */
  readonly attributes: readonly string[];
  /** Where the value is in the row, for messages. */
  readonly at: readonly string[];
  /** Reads the value, where it is not simply an attribute. */
  readonly read: ((row: object) => unknown) | undefined;
  /** Whether name or source is one that every object inherits, so that care is needed. */
  readonly inherited: boolean;
  readonly plan: Plan;
  /** Whether a row may lack it. */
  readonly optional: boolean;
  /** Whether the schema makes something of nothing, for rows that lack it. */
  readonly withDefault: boolean;
  /** Set when the schema falls back to something for rows that lack it. */
  readonly fallback: SchemaView | undefined;
}

export interface TuplePlan {
  readonly kind: "tuple";
  readonly items: readonly Plan[];
  /** What becomes of further items; undefined leaves them out. */
  readonly rest: Plan | undefined;
}

/** The plan of the first option that a value fits. */
export interface ChoicePlan {
  readonly kind: "choice";
  readonly options: readonly {
    readonly when: readonly Discriminator[];
    readonly plan: Plan;
  }[];
}

/** What tells an option from others: a value of the row, and what it must be. */
export interface Discriminator extends Pick<FieldPlan, "source" | "read" | "inherited"> {
  readonly schema: SchemaView;
}

/** Null and undefined stay what they are, or become the schema's default. */
export interface MaybePlan {
  readonly kind: "maybe";
  readonly schema: SchemaView;
  readonly inner: Plan;
  /** Whether null and undefined are checked, too. */
  readonly checked: boolean;
}

/** Whether walking a plan may come upon a remote field. */
export function holdsRemote(plan: Plan): boolean {
  switch (plan.kind) {
    case "copy":
    case "run":
      return false;
    case "object":
      return plan.remote.length > 0;
    case "list":
      return holdsRemote(plan.item);
    case "tuple":
      return [...plan.items, ...(plan.rest ? [plan.rest] : [])].some(holdsRemote);
    case "record":
      return holdsRemote(plan.value);
    case "choice":
      return plan.options.some((option) => holdsRemote(option.plan));
    case "maybe":
    case "pipe":
      return holdsRemote(plan.inner);
    case "remote":
    case "lazy":
    case "refuse":
      return true;
  }
}

/** The remote fields of a plan; undefined where `v.lazy` or a schema that is refused may have more. */
function remotePlans(plan: Plan): readonly RemotePlan[] | undefined {
  switch (plan.kind) {
    case "copy":
    case "run":
      return [];
    case "remote":
      return [plan];
    case "object":
      return all(plan.remote.map((field) => field.plan));
    case "list":
      return remotePlans(plan.item);
    case "tuple":
      return all([...plan.items, ...(plan.rest ? [plan.rest] : [])]);
    case "record":
      return remotePlans(plan.value);
    case "choice":
      return all(plan.options.map((option) => option.plan));
    case "maybe":
    case "pipe":
      return remotePlans(plan.inner);
    case "lazy":
    case "refuse":
      return undefined;
  }
}

function all(plans: readonly Plan[]): readonly RemotePlan[] | undefined {
  const found: RemotePlan[] = [];
  for (const plan of plans) {
    const inner = remotePlans(plan);
    if (!inner) return undefined;
    found.push(...inner);
  }
  return found;
}

/** The routes that rows of this plan lead to, at whatever depth; undefined where that is not known yet. */
export function routesOf(plan: Plan): ReadonlySet<string> | undefined {
  const routes = new Set<string>();
  const serializers = new Set<NestedSerializer>();
  const open = [plan];
  for (let next = open.pop(); next; next = open.pop()) {
    const remote = remotePlans(next);
    if (!remote) return undefined;
    for (const { field, nested } of remote) {
      routes.add(field.endpoint.route);
      const inner = nested();
      // A serializer that holds itself leads to the same routes again.
      if (!inner || serializers.has(inner.serializer)) continue;
      serializers.add(inner.serializer);
      open.push(inner.plan);
    }
  }
  return routes;
}
