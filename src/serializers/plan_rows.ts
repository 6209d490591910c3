import type * as v from "valibot";

import type { Include } from "./include.ts";
import { Relations } from "./include.ts";
import { invalidPlan } from "./invalid_plan.ts";
import { toObjectPlan } from "./object_plan.ts";
import { once } from "./once.ts";
import type { FieldPlan, NestedPlan, ObjectPlan, Plan, RemotePlan } from "./plan.ts";
import { holdsRemote, routesOf } from "./plan.ts";
import type { PlanPart } from "./plan_options.ts";
import { planIntersect, planUnion, planVariant } from "./plan_options.ts";
import type { AnyRemoteField, NestedSerializer } from "./remote_field.ts";
import { asRemoteField } from "./remote_field.ts";
import { holdsSource, isWorthAWalk, remoteOf, SCALARS, sourceOf } from "./schema_walk.ts";
import { planSource } from "./source.ts";
import type { PipeItemView, SchemaView } from "./valibot_schema.ts";
import {
  holdsLazy,
  holdsRemoteField,
  isSchemaView,
  keepsValue,
  mayBeAbsent,
  OBJECTS,
  onlyChecks,
  partsOf,
  TUPLES,
  viewSchema,
  WRAPPERS,
} from "./valibot_schema.ts";

const COPY: Plan = { kind: "copy" };

/**
 * Plans how to represent rows.
 *
 * @param checkRows whether columns that a plain copy would do for are run through their schemas all the same
 * @param include the relations that are wanted; all of them without
 * @throws BgtasksError with `code` `"invalid_serializer"` when remote fields are where they cannot be resolved
 * @throws BgtasksError with `code` `"invalid_include"` when there is no such relation
 */
export function planRows(
  schema: v.GenericSchema | v.GenericSchemaAsync,
  checkRows: boolean,
  include?: Include,
): Plan {
  const relations = new Relations();
  const plan = planRoot(schema, checkRows, include, relations);
  if (include) relations.check(include);
  return plan;
}

function planRoot(
  schema: v.GenericSchema | v.GenericSchemaAsync,
  checkRows: boolean,
  include: Include | undefined,
  relations: Relations,
): Plan {
  const root = viewSchema(schema);
  if (!isSchemaView(root) || SCALARS.has(root.type))
    throw invalidPlan([], "its schema must be one of objects, for rows are objects");
  return new Planner(checkRows, include, relations).plan(root, []);
}

class Planner {
  readonly #checkRows: boolean;
  readonly #include: Include | undefined;
  readonly #relations: Relations;
  /** How many remote fields are not wanted. */
  #excluded = 0;

  constructor(checkRows: boolean, include: Include | undefined, relations: Relations) {
    this.#checkRows = checkRows;
    this.#include = include;
    this.#relations = relations;
  }

  readonly #planPart: PlanPart = (schema, path) => this.plan(schema, path);

  plan(schema: SchemaView, path: readonly string[]): Plan {
    if (schema.fallback !== undefined) {
      if (!holdsRemoteField(schema)) return planLeaf(schema, path);
      const rule = "v.fallback() cannot stand in for a remote field; see its option onMissing";
      throw invalidPlan(path, rule);
    }
    if (schema.pipe) return this.#planPipe(schema, schema.pipe, path);
    if (schema.type === "remote_field") return this.#planRemote(asRemoteField(schema), path);
    if (schema.type === "lazy" && schema.getter && !schema.async)
      return this.#planLazy(schema.getter, path);
    if (schema.entries && OBJECTS.has(schema.type))
      return this.#planObject(schema, schema.entries, path);
    if (!this.#checkRows && keepsValue(schema)) return COPY;
    return this.#planContainer(schema, path) ?? planLeaf(schema, path);
  }

  #planContainer(schema: SchemaView, path: readonly string[]): Plan | undefined {
    const { type, item, items, wrapped, value, rest } = schema;
    // Whether we walk this schema ourselves; anything else is handed to valibot whole.
    const isWalked = (part: SchemaView) => schema.async || isWorthAWalk(part);
    const inside = [...path, "[]"];
    if (type === "array" && item && isWalked(item))
      return { kind: "list", item: this.plan(item, inside) };
    if (WRAPPERS.has(type) && wrapped && isWalked(wrapped)) {
      const checked = this.#checkRows && type.startsWith("non_");
      return { kind: "maybe", schema, inner: this.plan(wrapped, path), checked };
    }
    const isNeeded = holdsRemoteField(schema) || holdsSource(schema);
    // Columns are copied and not checked, those of objects in there included.
    const isCopied = !this.#checkRows && partsOf(schema).some(isWorthAWalk);
    if (!isNeeded && !holdsLazy(schema) && !isCopied) return undefined;
    if (TUPLES.has(type) && items) {
      return {
        kind: "tuple",
        items: items.map((part) => this.plan(part, inside)),
        rest: type === "loose_tuple" ? COPY : rest && this.plan(rest, inside),
      };
    }
    if (type === "record" && isSchemaView(schema.key) && value) {
      const key = keepsValue(schema.key) && !this.#checkRows ? undefined : schema.key;
      return { kind: "record", key, value: this.plan(value, [...path, "*"]) };
    }
    if (type === "variant")
      return { kind: "choice", options: planVariant(schema, path, this.#planPart) };
    if (!isNeeded) return undefined;
    if (type === "union")
      return { kind: "choice", options: planUnion(schema, path, this.#planPart) };
    if (type === "intersect") return planIntersect(schema, path, this.#planPart);
    return undefined;
  }

  #planPipe(
    schema: SchemaView,
    [first, ...rest]: readonly PipeItemView[],
    path: readonly string[],
  ): Plan {
    if (rest.some((item) => isSchemaView(item) && holdsRemoteField(item))) {
      throw invalidPlan(path, "a remote field must be the first in its pipe");
    }
    if (!isSchemaView(first)) return planLeaf(schema, path);
    const isWalked = isWorthAWalk(first) || holdsRemoteField(first);
    if (!isWalked && !this.#checkRows && keepsValue(schema)) return COPY;
    if (!isWalked && !schema.async) return planLeaf(schema, path);
    const excluded = this.#excluded;
    const inner = isWalked ? this.plan(first, path) : COPY;
    // What a pipe does is about remote objects: with ids in their place it cannot be done.
    if (this.#excluded > excluded) return inner;
    const actions = this.#neededOf(isWalked ? rest : [first, ...rest]);
    if (actions.some((item) => item.async)) return refuseAsync(path);
    return actions.length === 0 ? inner : { kind: "pipe", inner, actions };
  }

  /** Without the checks that nothing comes after: rows are not checked, but a change may rely on the checks before it. */
  #neededOf(items: readonly PipeItemView[]): PipeItemView[] {
    const kept = items.filter(({ kind }) => kind !== "metadata");
    if (this.#checkRows) return kept;
    const changes = kept.map((item) =>
      isSchemaView(item) ? !keepsValue(item) : !onlyChecks(item),
    );
    return kept.slice(0, changes.lastIndexOf(true) + 1);
  }

  #planRemote(field: AnyRemoteField, path: readonly string[]): Plan {
    const name = pathOf(path);
    this.#relations.add(name);
    const include = this.#include?.below(name);
    if (this.#include && !this.#include.has(name)) {
      this.#excluded++;
      const id: Plan = { kind: "run", schema: viewSchema(field.id) };
      return { kind: "maybe", schema: viewSchema(field), inner: id, checked: false };
    }
    const plan = targetOf(field, name, include, this.#relations.below(name));
    // Makes the relations of its rows known, so that names that are wrong are told of before any call is made.
    if (include && include.key !== "") plan.nested();
    return plan;
  }

  #planLazy(getter: (value: unknown) => SchemaView, path: readonly string[]): Plan {
    this.#relations.mayBeMore();
    if (getter.length === 0) {
      // Asked once: each of the remote fields in a schema that is made anew would be another one.
      const plan = once(() => this.plan(getter(undefined), path));
      return { kind: "lazy", planOf: plan };
    }
    const plans = new WeakMap<SchemaView, Plan>();
    const planOf = (value: unknown): Plan => {
      const schema = getter(value);
      let plan = plans.get(schema);
      if (!plan) plans.set(schema, (plan = this.plan(schema, path)));
      return plan;
    };
    return { kind: "lazy", planOf };
  }

  #planObject(
    schema: SchemaView,
    entries: Readonly<Record<string, SchemaView>>,
    path: readonly string[],
  ): ObjectPlan {
    const fields: FieldPlan[] = [];
    for (const [name, entry] of Object.entries(entries)) {
      const field = this.#planField(name, entry, [...path, name]);
      if (field) fields.push(field);
    }
    const isLoose = schema.type === "loose_object";
    const rest = isLoose ? COPY : schema.rest && this.plan(schema.rest, [...path, "*"]);
    if (rest && holdsRemote(rest))
      throw invalidPlan(path, "v.objectWithRest() cannot have remote fields as its rest");
    return toObjectPlan(fields, {
      rest,
      strict: this.#checkRows && schema.type === "strict_object",
      names: new Set(Object.keys(entries)),
    });
  }

  #planField(name: string, entry: SchemaView, path: readonly string[]): FieldPlan | undefined {
    const remote = remoteOf(entry);
    if (remote?.options.many && this.#include && !this.#include.has(pathOf(path))) {
      // The id that has many rows is that of the row itself: nothing stands in for them.
      this.#relations.add(pathOf(path));
      return undefined;
    }
    const { options, parts } = remote ?? {};
    const source = planSource(name, sourceOf(entry) ?? options?.source ?? name, parts);
    return {
      name,
      ...source,
      inherited: name in Object.prototype || source.source in Object.prototype,
      plan: this.plan(entry, path),
      optional: mayBeAbsent(entry),
      withDefault: mayBeAbsent(entry) && entry.default !== undefined,
      fallback: entry.fallback === undefined ? undefined : entry,
    };
  }
}

/** The plan of a remote field, at some place of a schema. */
export function targetOf(
  field: AnyRemoteField,
  path = "",
  include?: Include,
  relations: Relations = new Relations(),
): RemotePlan {
  const nested = once(() => planNested(field.serializer(), include, relations));
  return { kind: "remote", field, path, include, nested };
}

/** How the rows of a remote field are represented. */
function planNested(
  serializer: NestedSerializer | undefined,
  include: Include | undefined,
  relations: Relations,
): NestedPlan | undefined {
  if (!serializer) return undefined;
  const { schema, options } = serializer;
  const plan = planRoot(schema, options.checkRows ?? false, include, relations);
  return { serializer, plan, routes: once(() => routesOf(plan)) };
}

/** A schema that valibot alone deals with. */
function planLeaf(schema: SchemaView, path: readonly string[]): Plan {
  if (holdsRemoteField(schema))
    throw invalidPlan(path, `a remote field cannot be inside v.${schema.type}()`);
  return schema.async ? refuseAsync(path) : { kind: "run", schema };
}

/** The names of a path alone: neither lists nor records are relations. */
function pathOf(path: readonly string[]): string {
  return path.filter((key) => key !== "[]" && key !== "*").join(".");
}

function refuseAsync(path: readonly string[]): Plan {
  return {
    kind: "refuse",
    error: invalidPlan(path, "what changes a column of a row must be synchronous"),
  };
}
