import * as v from "valibot";

import { BgtasksError } from "../errors.ts";
import { formatPath, toKey } from "../schema/issues.ts";
import { hasField, readField, writeField } from "../rows/fields.ts";
import { choose, fitsNoOption } from "./choice.ts";
import type { Asked } from "./collect.ts";
import { idDefault, withDefault } from "./collect.ts";
import { FailedObject } from "./failure.ts";
import { IssueList } from "./issue_list.ts";
import { doesNotExist, MUST_BE_ARRAY, nameType, NOT_NULL, REQUIRED } from "./messages.ts";
import type { FieldPlan, ObjectPlan, Plan, RemotePlan, TuplePlan } from "./plan.ts";
import type { AnyRemoteField } from "./remote_field.ts";
import { valueKey, VISIT } from "./remote_field.ts";
import { enterField, leaveField, readSource } from "./source.ts";
import { deepRows } from "./too_deep.ts";
import type { PipeItemView } from "./valibot_schema.ts";

/** The remote objects of one field, by the value in the rows. */
export interface FoundObjects {
  /** Ids that nobody knows are not in it. */
  readonly objects: ReadonlyMap<unknown, unknown>;
  /** Why there is no object, for ids whose rows could not be used. */
  readonly refused: ReadonlyMap<unknown, unknown>;
  /** Set when there are no rows at all. */
  readonly failure: { readonly error: unknown } | undefined;
}

/** What there is for the ids of one level. */
export interface Found {
  readonly objects: ReadonlyMap<RemotePlan, FoundObjects>;
  readonly defaults: Asked["defaults"];
  /** Whether whatever failed is null, because the caller learns of it beside the data. */
  readonly settles: boolean;
}

/** What a field of many rows has where there are none. */
const NONE: readonly never[] = Object.freeze([]);

/**
 * The third step: walks rows along their plan once more and makes of each its representation, with remote objects in
 * place of ids. Rows stay as they are.
 */
export class Merger {
  readonly #found: Found;
  /** What is wrong with the rows. */
  readonly issues: IssueList = new IssueList();
  readonly #path: (string | number)[] = [];
  /** How many objects are null because they failed, where a caller settles. */
  #failed = 0;
  /** What schemas run with: a remote field that one of them comes upon is out of reach. */
  readonly #config = { ...v.getGlobalConfig(), [VISIT]: refuseVisit };
  /** The getters that classes of rows have, by prototype. */
  readonly #getters = new Map<object, readonly string[]>();

  #lastPlan: RemotePlan | undefined;
  #lastFound: FoundObjects | undefined;

  constructor(found: Found) {
    this.#found = found;
  }

  mergeAll(plan: Plan, rows: readonly unknown[]): unknown[] {
    try {
      return this.#mergeList(plan, rows);
    } catch (error) {
      throw error instanceof FailedObject ? error.failure : deepRows(error, this.#path);
    }
  }

  /** Merges a remote row. @throws FailedObject when one that it needs has failed */
  mergeRow(plan: Plan, row: unknown): unknown {
    this.#path.length = 0;
    return this.merge(plan, row);
  }

  merge(plan: Plan, value: unknown): unknown {
    switch (plan.kind) {
      case "copy":
        return value;
      case "run":
        return this.#run([plan.schema], value);
      case "refuse":
        throw plan.error;
      case "remote":
        return this.#mergeRemote(plan, value);
      case "object":
        return this.#mergeObject(plan, value);
      case "list":
        return Array.isArray(value)
          ? this.#mergeList(plan.item, value)
          : this.#report(MUST_BE_ARRAY);
      case "tuple":
        return Array.isArray(value) ? this.#mergeTuple(plan, value) : this.#report(MUST_BE_ARRAY);
      case "record":
        return this.#mergeRecord(plan, value);
      case "choice": {
        const chosen = choose(plan, value);
        return chosen ? this.merge(chosen, value) : this.#report(fitsNoOption(plan, value));
      }
      case "maybe": {
        const present = withDefault(plan, value, this.#found.defaults);
        if (present !== null && present !== undefined) return this.merge(plan.inner, present);
        return plan.checked ? this.#run([plan.schema], present) : present;
      }
      case "pipe":
        return this.#mergePipe(plan, value);
      case "lazy":
        return this.merge(plan.planOf(value), value);
    }
  }

  #mergeList(item: Plan, values: readonly unknown[]): unknown[] {
    const merged: unknown[] = [];
    const depth = this.#path.push(0) - 1;
    for (let index = 0; index < values.length; index++) {
      this.#path[depth] = index;
      merged.push(this.merge(item, values[index]));
    }
    this.#path.pop();
    return merged;
  }

  #mergeAt(key: string | number, plan: Plan, value: unknown): unknown {
    this.#path.push(key);
    const merged = this.merge(plan, value);
    this.#path.pop();
    return merged;
  }

  #mergeTuple({ items, rest }: TuplePlan, values: readonly unknown[]): unknown[] {
    const length = rest ? Math.max(items.length, values.length) : items.length;
    return Array.from({ length }, (_, index) => {
      const item = items[index] ?? rest;
      return item && this.#mergeAt(index, item, values[index]);
    });
  }

  #mergeRecord(plan: Extract<Plan, { kind: "record" }>, value: unknown): unknown {
    if (typeof value !== "object" || value === null)
      return this.#report(`Expected an object: ${nameType(value)}`);
    const merged: Record<string, unknown> = {};
    for (const name of Object.keys(value)) {
      const key = plan.key ? this.#run([plan.key], name) : name;
      writeField(merged, String(key), this.#mergeAt(name, plan.value, readField(value, name)));
    }
    return merged;
  }

  #mergePipe({ inner, actions }: Extract<Plan, { kind: "pipe" }>, value: unknown): unknown {
    const { total } = this.issues;
    const failed = this.#failed;
    const merged = this.merge(inner, value);
    if (this.issues.total > total) return undefined;
    // What the actions expect is not there.
    return this.#failed > failed ? null : this.#run(actions, merged);
  }

  #mergeObject(plan: ObjectPlan, row: unknown): unknown {
    if (typeof row !== "object" || row === null)
      return this.#report(`Expected an object: ${nameType(row)}`);
    const isCopy = plan.clonable && hasTheseFields(plan.clonable, row);
    const merged: Record<string, unknown> = isCopy
      ? { ...row }
      : hasAll(plan, row)
        ? { ...plan.template }
        : {};
    const fields = isCopy ? plan.changed : plan.fields;
    for (const field of fields) this.#mergeField(field, row, merged);
    if (plan.rest) this.#mergeRest(plan, plan.rest, row, merged);
    if (plan.strict) this.#refuseOthers(plan, row);
    return merged;
  }

  #mergeField(field: FieldPlan, row: object, merged: Record<string, unknown>): void {
    const { name, inherited, plan } = field;
    const value = readSource(field, row);
    if (value === undefined && !field.withDefault && (field.read || !hasField(row, field.source))) {
      if (field.fallback) {
        const fallback: unknown = v.getFallback(field.fallback as unknown as v.GenericSchema);
        return writeField(merged, name, fallback);
      }
      if (field.optional) return;
      enterField(this.#path, field);
      this.#report(REQUIRED);
      leaveField(this.#path, field);
      return;
    }
    let result = value;
    if (plan.kind !== "copy") {
      enterField(this.#path, field);
      result = this.merge(plan, value);
      leaveField(this.#path, field);
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
    const data = dataOf(row);
    for (const name of [...Object.keys(data), ...this.#gettersOf(data)]) {
      if (names.has(name)) continue;
      const value = readField(data, name);
      // Neither methods nor rows that an ORM has yet to fetch are data.
      if (typeof value === "function" || value instanceof Promise) continue;
      writeField(merged, name, this.#mergeAt(name, rest, value));
    }
  }

  #refuseOthers({ fields }: ObjectPlan, row: object): void {
    const sources = new Set(fields.flatMap(({ source, attributes }) => [source, ...attributes]));
    for (const name of Object.keys(row)) {
      if (sources.has(name)) continue;
      this.#path.push(name);
      this.#report(`Invalid key: Expected never but received "${name}"`);
      this.#path.pop();
    }
  }

  #mergeRemote(plan: RemotePlan, given: unknown): unknown {
    const { field } = plan;
    const { onMissing, onError, many } = field.options;
    const id = idDefault(plan, given, this.#found.defaults);
    if (id === null || id === undefined) {
      if (many) return NONE;
      // With `onMissing: "error"` a missing id is an error too, unless the id's schema accepts null.
      if (onMissing !== "error" || accepts(field, id)) return id ?? null;
      return this.#report(NOT_NULL);
    }
    const found = this.#foundFor(plan);
    const key = field.parts ? valueKey(field, id) : id;
    const object = found.objects.get(key);
    if (object !== undefined || found.objects.has(key)) return object;
    if (found.failure || found.refused.has(key)) {
      if (onError === "null") return null;
      if (!this.#found.settles)
        throw new FailedObject(found.failure?.error ?? found.refused.get(key));
      this.#failed++;
      return null;
    }
    if (many) return NONE;
    if (onMissing === "keep") return valueOf(field, id);
    return onMissing === "error" ? this.#report(doesNotExist(id)) : null;
  }

  /** Keeps the last one, because a list of rows asks for the same one again and again. */
  #foundFor(plan: RemotePlan): FoundObjects {
    if (plan === this.#lastPlan && this.#lastFound) return this.#lastFound;
    const found = this.#found.objects.get(plan);
    if (!found) throw notCollected(this.#path);
    this.#lastPlan = plan;
    return (this.#lastFound = found);
  }

  #run(items: readonly PipeItemView[], value: unknown): unknown {
    let dataset: { typed?: boolean; value: unknown; issues?: v.BaseIssue<unknown>[] | undefined } =
      { value };
    // What comes after a schema takes a value that this schema has typed.
    if (items[0]?.kind !== "schema") dataset.typed = true;
    for (const item of items) {
      // Only synchronous ones are planned.
      dataset = item["~run"](dataset, this.#config) as typeof dataset;
      if (!dataset.issues) continue;
      for (const { message, path = [] } of dataset.issues)
        this.#report(message, ...path.map(({ key }) => toKey(key)));
      return undefined;
    }
    return dataset.value;
  }

  #report(message: string, ...further: (string | number)[]): undefined {
    this.issues.add(message, further.length > 0 ? [...this.#path, ...further] : this.#path);
  }

  #gettersOf(row: object): readonly string[] {
    const prototype: unknown = Object.getPrototypeOf(row);
    if (typeof prototype !== "object" || prototype === null || prototype === Object.prototype)
      return [];
    let names = this.#getters.get(prototype);
    if (!names) {
      const own = Object.entries(Object.getOwnPropertyDescriptors(prototype));
      names = [
        ...own.filter(([, descriptor]) => descriptor.get !== undefined).map(([name]) => name),
        ...this.#gettersOf(prototype),
      ];
      this.#getters.set(prototype, names);
    }
    return names;
  }
}

/**
 * Whether a plain object has these fields, in this order, and nothing else. Engines copy such an object as a whole, several
 * times faster than field by field.
 */
function hasTheseFields(names: readonly string[], row: object): boolean {
  if (Object.getPrototypeOf(row) !== Object.prototype) return false;
  let index = 0;
  for (const name in row) if (name !== names[index++]) return false;
  // A copy would have the symbols, too.
  return index === names.length && Object.getOwnPropertySymbols(row).length === 0;
}

/** Whether a row has all fields, so that the template fits. */
function hasAll({ template, optional }: ObjectPlan, row: object): boolean {
  if (!template) return false;
  for (const { source, read } of optional)
    if (read ? read(row) === undefined : !(source in row)) return false;
  return true;
}

/** What a row says it is made of: ORMs keep their connection, for one, beside the columns. */
function dataOf(row: object): object {
  const { toJSON } = row as { toJSON?: unknown };
  if (typeof toJSON !== "function") return row;
  const data: unknown = toJSON.call(row);
  return typeof data === "object" && data !== null ? data : {};
}

function refuseVisit({ endpoint }: AnyRemoteField): never {
  throw new BgtasksError(
    "invalid_serializer",
    `Cannot represent the remote field of "${endpoint.route}" that v.lazy() gives inside another kind of schema than objects and lists`,
  );
}

function notCollected(path: readonly (string | number)[]): BgtasksError {
  const rule =
    "its ids were not collected: a row changed meanwhile, or a getter of v.lazy() makes a new schema each time";
  return new BgtasksError(
    "not_collected",
    `Cannot represent "${formatPath(path)}" because ${rule}`,
  );
}

function accepts(field: AnyRemoteField, id: null | undefined): boolean {
  return field.id["~run"]({ value: id }, v.getGlobalConfig()).issues === undefined;
}

// The id after its schema, because that is the type the field says it has.
function valueOf(field: AnyRemoteField, id: unknown): unknown {
  return field.id["~run"]({ value: id }, v.getGlobalConfig()).value;
}
