import type * as v from "valibot";

import { BgtasksError } from "../errors.ts";
import type { Include } from "./include.ts";
import { invalidPlan } from "./invalid_plan.ts";
import { toObjectPlan } from "./object_plan.ts";
import { once } from "./once.ts";
import type { FieldPlan, NestedPlan, ObjectPlan, Plan, RemotePlan } from "./plan.ts";
import { holdsRemote, routesOf } from "./plan.ts";
import type { PlanPart } from "./plan_options.ts";
import { planIntersect, planUnion, planVariant } from "./plan_options.ts";
import type { AnyRemoteField, NestedSerializer } from "./remote_field.ts";
import { asRemoteField } from "./remote_field.ts";
import { isWorthAWalk, remoteOf, SCALARS, sourceOf } from "./schema_walk.ts";
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
  const root = viewSchema(schema);
  if (!isSchemaView(root) || SCALARS.has(root.type))
    throw invalidPlan([], "its schema must be one of objects, for rows are objects");
  const planner = new Planner(checkRows, include);
  const plan = planner.plan(root, []);
  planner.checkInclude();
  return plan;
}

class Planner {
  readonly #checkRows: boolean;
  readonly #include: Include | undefined;
  /** The paths of the remote fields. */
  readonly #known = new Set<string>();
  /** How many remote fields are not wanted. */
  #excluded = 0;
  /** Whether there may be more remote fields than those that are known. */
  #open = false;

  constructor(checkRows: boolean, include: Include | undefined) {
    this.#checkRows = checkRows;
    this.#include = include;
  }

  readonly #planPart: PlanPart = (schema, path) => this.plan(schema, path);

  checkInclude(): void {
    const unknown = this.#open ? [] : (this.#include?.except(this.#known) ?? []);
    if (unknown.length === 0) return;
    const known = [...this.#known].map((path) => `"${path}"`).join(", ") || "none";
    throw new BgtasksError(
      "invalid_include",
      `Cannot include "${unknown.join('", "')}": the relations are ${known}`,
    );
  }

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
    if (!holdsRemoteField(schema) && !holdsLazy(schema)) return undefined;
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
    if (!holdsRemoteField(schema)) return undefined;
    if (type === "variant")
      return { kind: "choice", options: planVariant(schema, path, this.#planPart) };
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
    this.#known.add(name);
    const include = this.#include?.below(name);
    if (this.#include && !this.#include.has(name)) {
      this.#excluded++;
      const id: Plan = { kind: "run", schema: viewSchema(field.id) };
      return { kind: "maybe", schema: viewSchema(field), inner: id, checked: false };
    }
    const plan = targetOf(field, name, include);
    // Names that are wrong are told of before any call is made.
    if (include && include.key !== "") plan.nested();
    return plan;
  }

  #planLazy(getter: (value: unknown) => SchemaView, path: readonly string[]): Plan {
    this.#open = true;
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
      this.#known.add(pathOf(path));
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
export function targetOf(field: AnyRemoteField, path = "", include?: Include): RemotePlan {
  const nested = once(() => planNested(field.serializer(), include));
  return { kind: "remote", field, path, include, nested };
}

/** How the rows of a remote field are represented. */
function planNested(
  serializer: NestedSerializer | undefined,
  include: Include | undefined,
): NestedPlan | undefined {
  if (!serializer) {
    const [unknown] = include?.except(new Set()) ?? [];
    if (unknown === undefined) return undefined;
    throw new BgtasksError(
      "invalid_include",
      `Cannot include "${unknown}" of a remote field without a serializer: its rows have no relations`,
    );
  }
  const { schema, options } = serializer;
  const plan = planRows(schema, options.checkRows ?? false, include);
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
