import * as v from "valibot";

import type { ValidationIssue } from "../errors.ts";
import { toKey } from "../issues.ts";
import { hasField, readField, writeField } from "../utils/fields.ts";
import { MAX_ISSUES, withDefault } from "./collect.ts";
import { doesNotExist, MUST_BE_ARRAY, nameType, NOT_NULL, REQUIRED } from "./messages.ts";
import type { FieldPlan, ObjectPlan, Plan } from "./plan.ts";
import type { AnyRemoteField } from "./remote_field.ts";
import type { PipeItemView } from "./valibot_schema.ts";

/** The remote objects of one field. */
export interface FoundObjects {
  /** By the value in the rows; none, or null, for ids that nobody knows. */
  readonly objects: ReadonlyMap<unknown, object | null>;
  /** Whether the route failed and the field may be null then. */
  readonly failed: boolean;
}

/** For each remote field what its ids stand for. */
export type Found = ReadonlyMap<AnyRemoteField, FoundObjects>;

/**
 * The third step: walks rows along their plan once more and makes of each its representation, with remote objects in
 * place of ids. Rows stay as they are.
 */
export class Merger {
  readonly #found: Found;
  /** What is wrong with the rows. */
  readonly issues: ValidationIssue[] = [];
  readonly #path: (string | number)[] = [];
  /** The getters that classes of rows have, by prototype. */
  readonly #getters = new Map<object, readonly string[]>();

  constructor(found: Found) {
    this.#found = found;
  }

  mergeAll(plan: Plan, rows: readonly unknown[]): unknown[] {
    return this.#mergeList(plan, rows);
  }

  merge(plan: Plan, value: unknown): unknown {
    switch (plan.kind) {
      case "copy":
        return value;
      case "run":
        return this.#run([plan.schema], value);
      case "remote":
        return this.#mergeRemote(plan.field, value);
      case "object":
        return this.#mergeObject(plan, value);
      case "list":
        return Array.isArray(value)
          ? this.#mergeList(plan.item, value)
          : this.#report(MUST_BE_ARRAY);
      case "maybe": {
        const present = withDefault(plan.schema, value);
        return present === null || present === undefined
          ? present
          : this.merge(plan.inner, present);
      }
      case "pipe": {
        const before = this.issues.length;
        const inner = this.merge(plan.inner, value);
        return this.issues.length === before ? this.#run(plan.actions, inner) : undefined;
      }
      case "lazy":
        return this.merge(plan.planOf(value), value);
    }
  }

  #mergeList(item: Plan, values: readonly unknown[]): unknown[] {
    const merged = Array.from<unknown>({ length: values.length });
    for (let index = 0; index < values.length; index++) {
      this.#path.push(index);
      merged[index] = this.merge(item, values[index]);
      this.#path.pop();
    }
    return merged;
  }

  #mergeObject(plan: ObjectPlan, row: unknown): unknown {
    if (typeof row !== "object" || row === null)
      return this.#report(`Expected an object: ${nameType(row)}`);
    const merged: Record<string, unknown> = {};
    for (const field of plan.fields) this.#mergeField(field, row, merged);
    if (plan.rest) this.#mergeRest(plan, plan.rest, row, merged);
    return merged;
  }

  #mergeField(field: FieldPlan, row: object, merged: Record<string, unknown>): void {
    const { name, source, inherited, plan } = field;
    const value = inherited ? readField(row, source) : (row as Record<string, unknown>)[source];
    if (value === undefined && !hasField(row, source) && !field.withDefault) {
      if (field.optional) return;
      this.#path.push(source);
      this.#report(REQUIRED);
      this.#path.pop();
      return;
    }
    let result = value;
    if (plan.kind !== "copy") {
      this.#path.push(source);
      result = this.merge(plan, value);
      this.#path.pop();
    }
    if (inherited) writeField(merged, name, result);
    else merged[name] = result;
  }

  #mergeRest(
    { names }: ObjectPlan,
    rest: Plan,
    row: object,
    merged: Record<string, unknown>,
  ): void {
    for (const name of [...Object.keys(row), ...this.#gettersOf(row)]) {
      if (names.has(name)) continue;
      const value = readField(row, name);
      // Methods are not data.
      if (typeof value === "function") continue;
      this.#path.push(name);
      writeField(merged, name, this.merge(rest, value));
      this.#path.pop();
    }
  }

  #mergeRemote(field: AnyRemoteField, id: unknown): unknown {
    const { onMissing } = field.options;
    if (id === null || id === undefined) {
      // Where null is no answer it is none for a row without an id either, unless the id's schema allows it.
      if (onMissing !== "error" || accepts(field, id)) return id ?? null;
      return this.#report(NOT_NULL);
    }
    const found = this.#found.get(field);
    const object = found?.objects.get(id);
    if (object) return object;
    if (found?.failed) return null;
    if (onMissing === "keep") return valueOf(field, id);
    return onMissing === "error" ? this.#report(doesNotExist(id)) : null;
  }

  #run(items: readonly PipeItemView[], value: unknown): unknown {
    let dataset: { typed?: boolean; value: unknown; issues?: v.BaseIssue<unknown>[] | undefined } =
      { value };
    // What comes after a schema takes a value that this schema has typed.
    if (items[0]?.kind !== "schema") dataset.typed = true;
    for (const item of items) {
      // Only synchronous ones are planned.
      dataset = item["~run"](dataset, v.getGlobalConfig()) as typeof dataset;
      if (!dataset.issues) continue;
      for (const { message, path = [] } of dataset.issues)
        this.#report(message, ...path.map(({ key }) => toKey(key)));
      return undefined;
    }
    return dataset.value;
  }

  #report(message: string, ...further: (string | number)[]): undefined {
    if (this.issues.length < MAX_ISSUES)
      this.issues.push({ message, path: [...this.#path, ...further] });
  }

  #gettersOf(row: object): readonly string[] {
    const prototype: unknown = Object.getPrototypeOf(row);
    if (typeof prototype !== "object" || prototype === null || prototype === Object.prototype)
      return [];
    let names = this.#getters.get(prototype);
    if (!names) {
      const own = Object.entries(Object.getOwnPropertyDescriptors(prototype));
      names = [
        ...own.filter(([, descriptor]) => "get" in descriptor).map(([name]) => name),
        ...this.#gettersOf(prototype),
      ];
      this.#getters.set(prototype, names);
    }
    return names;
  }
}

function accepts(field: AnyRemoteField, id: null | undefined): boolean {
  return field.id["~run"]({ value: id }, v.getGlobalConfig()).issues === undefined;
}

// The id as its schema makes it, as that is the type the field says it has.
function valueOf(field: AnyRemoteField, id: unknown): unknown {
  return field.id["~run"]({ value: id }, v.getGlobalConfig()).value;
}
