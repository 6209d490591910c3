import * as v from "valibot";

import type { ValidationIssue } from "../errors.ts";
import type { RowId } from "../utils/fields.ts";
import { hasField, idKey, isId, readField } from "../utils/fields.ts";
import { incorrectType, MUST_BE_ARRAY, nameType } from "./messages.ts";
import type { FieldPlan, Plan } from "./plan.ts";
import type { AnyRemoteField } from "./remote_field.ts";

/** For each remote field the ids its rows hold. */
export type AskedIds = Map<AnyRemoteField, FieldIds>;

/** The ids of one field. */
export interface FieldIds {
  /** By the value in the row, which the schema of the id may change. */
  readonly ids: Map<unknown, RowId>;
  /** Whether values, ids and the keys of ids are all the same, as with numbers: one map then does for the three. */
  plain: boolean;
}

/** How many issues of rows are told; more would be no help to anybody. */
export const MAX_ISSUES = 100;

/**
 * The first step: walks rows along their plan and notes the ids of remote fields, each once. Null and undefined are no
 * ids; 0 and "" are.
 */
export class Collector {
  readonly asked: AskedIds;
  /** What is wrong with the rows. */
  readonly issues: ValidationIssue[] = [];
  readonly #path: (string | number)[] = [];

  /** @param asked where to put the ids, as several plans of one level are asked for together */
  constructor(asked: AskedIds = new Map()) {
    this.asked = asked;
  }

  collectAll(plan: Plan, rows: readonly unknown[]): void {
    for (let index = 0; index < rows.length; index++) {
      this.#path.push(index);
      this.collect(plan, rows[index]);
      this.#path.pop();
    }
  }

  collect(plan: Plan, value: unknown): void {
    switch (plan.kind) {
      case "copy":
      case "run":
        return;
      case "remote":
        return this.#collectId(plan.field, value);
      case "object":
        if (typeof value !== "object" || value === null)
          return this.#report(`Expected an object: ${nameType(value)}`);
        for (const field of plan.remote) this.#collectField(field, value);
        return;
      case "list":
        if (!Array.isArray(value)) return this.#report(MUST_BE_ARRAY);
        for (let index = 0; index < value.length; index++) {
          this.#path.push(index);
          this.collect(plan.item, value[index]);
          this.#path.pop();
        }
        return;
      case "maybe": {
        const present = withDefault(plan.schema, value);
        if (present !== null && present !== undefined) this.collect(plan.inner, present);
        return;
      }
      case "pipe":
        return this.collect(plan.inner, value);
      case "lazy":
        return this.collect(plan.planOf(value), value);
    }
  }

  #collectField(field: FieldPlan, row: object): void {
    const value = field.inherited
      ? readField(row, field.source)
      : (row as Record<string, unknown>)[field.source];
    if (value === undefined && !hasField(row, field.source) && !field.withDefault) return;
    this.#path.push(field.source);
    this.collect(field.plan, value);
    this.#path.pop();
  }

  #collectId(field: AnyRemoteField, value: unknown): void {
    if (value === null || value === undefined) return;
    let known = this.asked.get(field);
    if (!known) this.asked.set(field, (known = { ids: new Map(), plain: true }));
    // Looked at once for all rows that hold it, so that a row costs one look into the map.
    if (known.ids.has(value)) return;
    const { value: id, issues } = field.id["~run"]({ value }, v.getGlobalConfig());
    if (issues) return this.#report(...issues.map(({ message }) => message));
    if (isId(id)) noteId(known, value, id);
    else if (id !== null && id !== undefined) this.#report(incorrectType(id));
  }

  #report(...messages: string[]): void {
    for (const message of messages) {
      if (this.issues.length < MAX_ISSUES) this.issues.push({ message, path: [...this.#path] });
    }
  }
}

/** Notes an id under the value that stands for it. */
export function noteId(known: FieldIds, value: unknown, id: RowId): void {
  known.ids.set(value, id);
  if (known.plain && (value !== id || idKey(id) !== id)) known.plain = false;
}

/** The value, or the default that an optional or nullable schema has for null or undefined. */
export function withDefault(
  schema: { readonly type: string; readonly default?: unknown },
  value: unknown,
): unknown {
  if ((value !== undefined && value !== null) || schema.default === undefined) return value;
  const replaces =
    value === null
      ? ["nullable", "nullish"]
      : ["optional", "exact_optional", "nullish", "undefinedable"];
  return replaces.includes(schema.type) ? v.getDefault(schema as v.GenericSchema) : value;
}
