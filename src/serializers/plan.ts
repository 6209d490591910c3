import type * as v from "valibot";

import { BgtasksError } from "../errors.ts";
import { formatPath } from "../issues.ts";
import type { AnyRemoteField } from "./remote_field.ts";
import type { PipeItemView, SchemaView } from "./valibot_schema.ts";
import {
  holdsRemoteField,
  isSchemaView,
  keepsValue,
  mayBeAbsent,
  OBJECTS,
  onlyChecks,
  viewSchema,
  WRAPPERS,
} from "./valibot_schema.ts";

/**
 * How to represent the values of one schema, found out once: where its remote fields are, and which of its columns are
 * more than a copy. Collecting and merging walk the plan, never the schema.
 */
export type Plan =
  /** The value as it is. */
  | { readonly kind: "copy" }
  /** The value as valibot makes it. */
  | { readonly kind: "run"; readonly schema: SchemaView }
  /** The remote object of an id. */
  | { readonly kind: "remote"; readonly field: AnyRemoteField }
  | ObjectPlan
  | { readonly kind: "list"; readonly item: Plan }
  /** Null and undefined stay what they are, or become the schema's default. */
  | { readonly kind: "maybe"; readonly schema: SchemaView; readonly inner: Plan }
  /** Actions on what `inner` gave. */
  | { readonly kind: "pipe"; readonly inner: Plan; readonly actions: readonly PipeItemView[] }
  /** Known when there is a value; the schema may hold itself. */
  | { readonly kind: "lazy"; readonly planOf: (value: unknown) => Plan };

export interface ObjectPlan {
  readonly kind: "object";
  readonly fields: readonly FieldPlan[];
  /** Those of the fields that hold remote fields. */
  readonly remote: readonly FieldPlan[];
  /** What becomes of the fields that are not named; undefined leaves them out. */
  readonly rest: Plan | undefined;
  readonly names: ReadonlySet<string>;
}

export interface FieldPlan {
  readonly name: string;
  /** The attribute of the row. */
  readonly source: string;
  /** Whether name or source is one that every object inherits, so that care is needed. */
  readonly inherited: boolean;
  readonly plan: Plan;
  /** Whether a row may lack it. */
  readonly optional: boolean;
  /** Set when the schema has a default for rows that lack it. */
  readonly withDefault: SchemaView | undefined;
}

const COPY: Plan = { kind: "copy" };

/**
 * Plans how to represent rows.
 *
 * @param checkRows whether columns that a plain copy would do for are run through their schemas all the same
 * @throws BgtasksError with `code` `"invalid_serializer"` when remote fields are where they cannot be resolved
 */
export function planRows(schema: v.GenericSchema | v.GenericSchemaAsync, checkRows: boolean): Plan {
  return new Planner(checkRows).plan(viewSchema(schema), []);
}

class Planner {
  readonly #checkRows: boolean;

  constructor(checkRows: boolean) {
    this.#checkRows = checkRows;
  }

  plan(schema: SchemaView, path: readonly string[]): Plan {
    if (schema.fallback !== undefined && holdsRemoteField(schema)) {
      throw invalid(
        path,
        "v.fallback() cannot stand in for a remote field; see its option onMissing",
      );
    }
    if (schema.pipe) return this.#planPipe(schema, schema.pipe, path);
    if (schema.type === "remote_field")
      return { kind: "remote", field: schema as unknown as AnyRemoteField };
    if (schema.type === "lazy" && schema.getter && !schema.async)
      return this.#planLazy(schema.getter, path);
    if (schema.entries && OBJECTS.has(schema.type))
      return this.#planObject(schema, schema.entries, path);
    if (!this.#checkRows && keepsValue(schema)) return COPY;
    if (schema.item && schema.type === "array" && isWorthAWalk(schema.item)) {
      return { kind: "list", item: this.plan(schema.item, [...path, "[]"]) };
    }
    if (schema.wrapped && WRAPPERS.has(schema.type) && isWorthAWalk(schema.wrapped)) {
      return { kind: "maybe", schema, inner: this.plan(schema.wrapped, path) };
    }
    return planLeaf(schema, path);
  }

  #planPipe(
    schema: SchemaView,
    [first, ...rest]: readonly PipeItemView[],
    path: readonly string[],
  ): Plan {
    if (rest.some((item) => isSchemaView(item) && holdsRemoteField(item))) {
      throw invalid(path, "a remote field must be the first in its pipe");
    }
    if (!isSchemaView(first) || !isWorthAWalk(first)) {
      if (!this.#checkRows && keepsValue(schema)) return COPY;
      return planLeaf(schema, path);
    }
    const inner = this.plan(first, path);
    const actions = rest.filter((item) => {
      if (item.kind === "metadata") return false;
      if (this.#checkRows) return true;
      return isSchemaView(item) ? !keepsValue(item) : !onlyChecks(item);
    });
    if (actions.some((item) => item.async)) throw asynchronous(path);
    return actions.length === 0 ? inner : { kind: "pipe", inner, actions };
  }

  #planLazy(getter: (value: unknown) => SchemaView, path: readonly string[]): Plan {
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
    const fields = Object.entries(entries).map(([name, entry]): FieldPlan => {
      const source = sourceOf(entry) ?? name;
      return {
        name,
        source,
        inherited: name in Object.prototype || source in Object.prototype,
        plan: this.plan(entry, [...path, name]),
        optional: mayBeAbsent(entry),
        withDefault: mayBeAbsent(entry) && entry.default !== undefined ? entry : undefined,
      };
    });
    const isLoose = schema.type === "loose_object";
    const rest = isLoose ? COPY : schema.rest && this.plan(schema.rest, [...path, "*"]);
    if (rest && holdsRemote(rest))
      throw invalid(path, "v.objectWithRest() cannot have remote fields as its rest");
    return {
      kind: "object",
      fields,
      remote: fields.filter(({ plan }) => holdsRemote(plan)),
      rest,
      names: new Set(Object.keys(entries)),
    };
  }
}

/** A schema that valibot alone deals with. */
function planLeaf(schema: SchemaView, path: readonly string[]): Plan {
  if (holdsRemoteField(schema))
    throw invalid(path, `a remote field cannot be inside v.${schema.type}()`);
  if (schema.async) throw asynchronous(path);
  return { kind: "run", schema };
}

// A schema valibot alone deals with would make an object of every row twice.
function isWorthAWalk(schema: SchemaView): boolean {
  if (schema.pipe) return isSchemaView(schema.pipe[0]) && isWorthAWalk(schema.pipe[0]);
  if (schema.type === "remote_field" || schema.type === "lazy" || OBJECTS.has(schema.type))
    return true;
  const part =
    schema.type === "array" ? schema.item : WRAPPERS.has(schema.type) ? schema.wrapped : undefined;
  return part !== undefined && isWorthAWalk(part);
}

/** Whether walking a plan may come upon a remote field. */
function holdsRemote(plan: Plan): boolean {
  if (plan.kind === "object") return plan.remote.length > 0;
  if (plan.kind === "list") return holdsRemote(plan.item);
  if (plan.kind === "maybe" || plan.kind === "pipe") return holdsRemote(plan.inner);
  return plan.kind === "remote" || plan.kind === "lazy";
}

function sourceOf(schema: SchemaView): string | undefined {
  if (schema.pipe) return isSchemaView(schema.pipe[0]) ? sourceOf(schema.pipe[0]) : undefined;
  if (schema.type === "remote_field") return (schema as unknown as AnyRemoteField).options.source;
  const part =
    schema.type === "array" ? schema.item : WRAPPERS.has(schema.type) ? schema.wrapped : undefined;
  return part && sourceOf(part);
}

function asynchronous(path: readonly string[]): BgtasksError {
  return invalid(path, "what changes a column of a row must be synchronous");
}

function invalid(path: readonly string[], rule: string): BgtasksError {
  const where = path.length > 0 ? ` of "${formatPath(path).replaceAll(".[]", "[]")}"` : "";
  return new BgtasksError("invalid_serializer", `Cannot plan the representation${where}: ${rule}`);
}
