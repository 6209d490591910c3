import * as v from "valibot";

import { toKey } from "../schema/issues.ts";
import type { RowId } from "../rows/fields.ts";
import { hasField, readField } from "../rows/fields.ts";
import { choose, fitsNoOption } from "./choice.ts";
import { IssueList } from "./issue_list.ts";
import { incorrectType, MUST_BE_ARRAY, nameType } from "./messages.ts";
import type { FieldPlan, MaybePlan, Plan, RemotePlan } from "./plan.ts";
import type { Relation } from "./relation.ts";
import { toRowId, valueKey } from "./remote_field.ts";
import { enterField, leaveField, readSource } from "./source.ts";
import { deepRows } from "./too_deep.ts";
import type { SchemaView } from "./valibot_schema.ts";

/** What one level of rows asks for. */
export interface Asked {
  /** For each remote field the ids its rows hold. */
  readonly ids: Map<RemotePlan, FieldIds>;
  /** What default functions gave. They are asked once, so that rows are merged with the ids that were collected. */
  readonly defaults: Map<SchemaView, unknown>;
}

export function askNothing(): Asked {
  return { ids: new Map(), defaults: new Map() };
}

/** The ids of one field. */
export interface FieldIds {
  /** By the value in the row, which the schema of the id may change. */
  readonly ids: Map<unknown, RowId>;
  /** Whether all values are the ids themselves, and all numbers or all text. No map is needed then to tell keys from values. */
  kind: "number" | "text" | "mixed" | undefined;
  /** The relation whose rows hold the ids; undefined for those of the caller. */
  readonly parent: Relation | undefined;
}

/**
 * The first step: walks rows along their plan and notes the ids of remote fields, each once. Null and undefined are not
 * ids; 0 and "" are.
 */
export class Collector {
  readonly asked: Asked;
  /** What is wrong with the rows. */
  readonly issues: IssueList = new IssueList();
  /** How many different ids there are, those of each field for themselves. */
  count = 0;
  readonly #parent: Relation | undefined;
  readonly #path: (string | number)[] = [];
  /** How many rows {@link Collector.collectNext} took. */
  #rows = 0;
  /** What the schemas of ids run with: made once, because a list has many ids. */
  readonly #config = v.getGlobalConfig();
  #lastPlan: RemotePlan | undefined;
  #lastIds: FieldIds | undefined;

  /**
   * @param asked where to put the ids, because several plans of one level are asked for together
   * @param parent whose rows are walked
   */
  constructor(asked: Asked = askNothing(), parent?: Relation) {
    this.asked = asked;
    this.#parent = parent;
  }

  collectAll(plan: Plan, rows: readonly unknown[]): void {
    try {
      this.#collectEach(plan, rows);
    } catch (error) {
      throw deepRows(error, this.#path);
    }
  }

  /** Collects from one more row, and tells how many ids there are by now. */
  collectNext(plan: Plan, row: unknown): number {
    try {
      this.#collectAt(this.#rows++, plan, row);
    } catch (error) {
      throw deepRows(error, this.#path);
    }
    return this.count;
  }

  collect(plan: Plan, value: unknown): void {
    switch (plan.kind) {
      case "copy":
      case "run":
        return;
      case "refuse":
        throw plan.error;
      case "remote":
        return this.#collectId(plan, value);
      case "object":
        if (typeof value !== "object" || value === null)
          return this.#report(`Expected an object: ${nameType(value)}`);
        for (const field of plan.remote) this.#collectField(field, value);
        return;
      case "list":
        if (!Array.isArray(value)) return this.#report(MUST_BE_ARRAY);
        return this.#collectEach(plan.item, value);
      case "tuple": {
        if (!Array.isArray(value)) return this.#report(MUST_BE_ARRAY);
        for (let index = 0; index < value.length; index++) {
          const item = plan.items[index] ?? plan.rest;
          if (item) this.#collectAt(index, item, value[index]);
        }
        return;
      }
      case "record":
        if (typeof value !== "object" || value === null)
          return this.#report(`Expected an object: ${nameType(value)}`);
        for (const name of Object.keys(value))
          this.#collectAt(name, plan.value, readField(value, name));
        return;
      case "choice": {
        const chosen = choose(plan, value);
        return chosen ? this.collect(chosen, value) : this.#report(fitsNoOption(plan, value));
      }
      case "maybe": {
        const present = withDefault(plan, value, this.asked.defaults);
        if (present !== null && present !== undefined) this.collect(plan.inner, present);
        return;
      }
      case "pipe":
        return this.collect(plan.inner, value);
      case "lazy":
        return this.collect(plan.planOf(value), value);
    }
  }

  #collectEach(plan: Plan, values: readonly unknown[]): void {
    const depth = this.#path.push(0) - 1;
    for (let index = 0; index < values.length; index++) {
      this.#path[depth] = index;
      this.collect(plan, values[index]);
    }
    this.#path.pop();
  }

  #collectAt(key: string | number, plan: Plan, value: unknown): void {
    this.#path.push(key);
    this.collect(plan, value);
    this.#path.pop();
  }

  #collectField(field: FieldPlan, row: object): void {
    const value = readSource(field, row);
    if (value === undefined && !field.withDefault && (field.read || !hasField(row, field.source)))
      return;
    enterField(this.#path, field);
    this.collect(field.plan, value);
    leaveField(this.#path, field);
  }

  #collectId(plan: RemotePlan, given: unknown): void {
    const value = idDefault(plan, given, this.asked.defaults);
    if (value === null || value === undefined) return;
    const { field } = plan;
    const known = this.#idsOf(plan);
    const key = field.parts ? valueKey(field, value) : value;
    // Looked at once for all rows that hold it, so that a row costs one look into the map.
    if (known.ids.has(key)) return;
    const { value: made, issues } = field.id["~run"]({ value }, this.#config);
    if (issues) {
      for (const issue of issues)
        this.#report(issue.message, ...(issue.path ?? []).map((item) => toKey(item.key)));
      return;
    }
    if (made === null || made === undefined) return;
    const id = toRowId(field, made);
    if (id === undefined) return this.#report(incorrectType(made));
    noteId(known, key, id);
    this.count++;
  }

  /** Keeps the last one, because a list of rows asks for the same one again and again. */
  #idsOf(plan: RemotePlan): FieldIds {
    if (plan === this.#lastPlan && this.#lastIds) return this.#lastIds;
    let known = this.asked.ids.get(plan);
    if (!known) this.asked.ids.set(plan, (known = noIds(this.#parent)));
    this.#lastPlan = plan;
    return (this.#lastIds = known);
  }

  #report(message: string, ...further: (string | number)[]): void {
    this.issues.add(message, further.length > 0 ? [...this.#path, ...further] : this.#path);
  }
}

/** Ids that are about to be collected. */
export function noIds(parent?: Relation): FieldIds {
  return { ids: new Map(), kind: undefined, parent };
}

/** Notes an id under the value that stands for it. */
export function noteId(known: FieldIds, value: unknown, id: RowId): void {
  known.ids.set(value, id);
  if (known.kind === "mixed") return;
  const kind =
    value !== id
      ? "mixed"
      : typeof id === "number"
        ? "number"
        : typeof id === "string"
          ? "text"
          : "mixed";
  known.kind = known.kind === undefined || known.kind === kind ? kind : "mixed";
}

/** The value, or the default that an optional or nullable schema has for null or undefined. */
export function withDefault(
  { schema }: Pick<MaybePlan, "schema">,
  value: unknown,
  defaults: Map<SchemaView, unknown>,
): unknown {
  if ((value !== undefined && value !== null) || schema.default === undefined) return value;
  const replaces =
    value === null
      ? ["nullable", "nullish"]
      : ["optional", "exact_optional", "nullish", "undefinedable"];
  if (!replaces.includes(schema.type)) return value;
  if (typeof schema.default !== "function") return schema.default;
  if (!defaults.has(schema))
    defaults.set(schema, v.getDefault(schema as unknown as v.GenericSchema));
  return defaults.get(schema);
}

/** The value, or the default that the schema of the id has. */
export function idDefault(
  { field }: RemotePlan,
  value: unknown,
  defaults: Map<SchemaView, unknown>,
): unknown {
  if (value !== null && value !== undefined) return value;
  return withDefault({ schema: field.id as unknown as SchemaView }, value, defaults);
}
