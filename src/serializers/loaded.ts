import type { StandardSchemaV1 } from "@standard-schema/spec";

import type { ValidationIssue } from "../errors.ts";
import { ValidationError } from "../errors.ts";
import { toValidationIssues } from "../schema/issues.ts";
import { logger } from "../log.ts";
import type { Schema } from "../schema/schema.ts";
import { validate } from "../schema/schema.ts";
import type { RowId } from "../rows/fields.ts";
import type { Asked, FieldIds } from "./collect.ts";
import { Collector } from "./collect.ts";
import type { RemoteFailure } from "./failure.ts";
import { FailedObject, refused } from "./failure.ts";
import type { Fetched, IdKey, RemoteRow } from "./fetch_rows.ts";
import { freeze, freezeDeep } from "./freeze.ts";
import type { IssueList } from "./issue_list.ts";
import { MAX_ISSUES } from "./issue_list.ts";
import type { Found, FoundObjects } from "./merge_rows.ts";
import { Merger } from "./merge_rows.ts";
import { doesNotExist } from "./messages.ts";
import type { NestedPlan, RemotePlan } from "./plan.ts";
import type { Relation } from "./relation.ts";
import { byValue } from "./relation.ts";

const log = logger("serializers");

/**
 * The rows of one relation, on their way to objects. What fails is noted row by row, unless it is certain that the whole
 * fails with it.
 */
export class Loaded {
  readonly relation: Relation;
  /** By the keys of their ids; a list for each where the endpoint says `many`. */
  #objects: ReadonlyMap<IdKey, unknown> = new Map();
  /** Why there is no object, by the keys of ids. */
  readonly #refused = new Map<IdKey, unknown>();
  #failure: { readonly error: unknown } | undefined;
  readonly #failures: RemoteFailure[] | undefined;

  /** @param failures takes what fails, where the caller wants it beside the data */
  constructor(relation: Relation, failures: RemoteFailure[] | undefined) {
    this.relation = relation;
    this.#failures = failures;
  }

  /** Notes that there are no rows at all. @throws the error, when the caller is to have it */
  fail(error: unknown): void {
    if (!this.#failures && this.relation.isFatalFor()) throw error;
    this.#failure = { error };
    const { route } = this.relation.endpoint;
    if (!this.#failures)
      log.warn("remote fields of {route} become null: {error}", { route, error });
    for (const [field, { ids }] of this.#failures ? this.relation.fields : [])
      this.#failures?.push({ route, field, ids: [...ids.values()], error });
  }

  /** Takes rows, after the field's schema where it has one. Only an asynchronous one is waited for. */
  async accept(rows: ReadonlyMap<IdKey, Fetched>): Promise<void> {
    const { schema, byKey, endpoint } = this.relation;
    if (!schema) {
      this.#objects = rows;
      return;
    }
    const keys = [...byKey.keys()].filter((key) => rows.has(key));
    const checked = await settleAll(keys.map((key) => check(schema, rows.get(key))));
    const objects = new Map<IdKey, unknown>();
    for (const [index, result] of checked.entries()) {
      const key = keys[index] ?? "";
      if (result.issues) {
        const what = `a row of the reply of "${endpoint.route}"`;
        this.#refuse(key, refused(what, toValidationIssues(result.issues)));
      } else objects.set(key, freezeDeep(result.value));
    }
    this.#objects = objects;
    this.#logRefused();
  }

  /** Collects what the rows need of others. */
  collect({ plan }: NestedPlan, asked: Asked): void {
    const collector = new Collector(asked, this.relation);
    const broken: ValidationIssue[] = [];
    for (const key of this.relation.byKey.keys()) {
      for (const row of listOf(this.#objects.get(key)))
        if (row !== null && row !== undefined) collector.collect(plan, row);
      if (collector.issues.total > 0) this.#refuseRow(key, collector.issues, broken);
    }
    this.#throwBroken(broken);
  }

  /** Makes of the rows what their serializer makes of them. */
  merge({ plan }: NestedPlan, found: Found): void {
    const merger = new Merger(found);
    const broken: ValidationIssue[] = [];
    const objects = new Map<IdKey, unknown>();
    for (const key of this.relation.byKey.keys()) {
      if (this.#refused.has(key) || !this.#objects.has(key)) continue;
      const rows = this.#objects.get(key);
      try {
        const merged = listOf(rows).map((row) =>
          row === null || row === undefined ? row : freeze(merger.mergeRow(plan, row)),
        );
        if (merger.issues.total > 0) this.#refuseRow(key, merger.issues, broken);
        else objects.set(key, this.relation.endpoint.many ? Object.freeze(merged) : merged[0]);
      } catch (error) {
        if (!(error instanceof FailedObject)) throw error;
        // What else is wrong with this row must not be told of the next one.
        merger.issues.take();
        this.#refused.set(key, error.failure);
      }
    }
    this.#throwBroken(broken);
    this.#objects = objects;
    this.#logRefused();
  }

  /** What one of the fields finds. */
  foundBy(plan: RemotePlan, known: FieldIds): FoundObjects {
    const objects = byValue(known, this.relation, this.#objects);
    const refused = byValue(known, this.relation, this.#refused);
    const found = { objects, refused, failure: this.#failure };
    const isMissing = ([value]: readonly [unknown, RowId]) =>
      !objects.has(value) && !refused.has(value);
    if (!this.#failures || plan.field.options.onMissing !== "error" || this.#failure) return found;
    const missing = [...known.ids].filter(isMissing);
    if (missing.length === 0) return found;
    const ids = missing.map(([, id]) => id);
    const path = plan.path.split(".");
    const issues = ids.map((id) => ({ message: doesNotExist(id), path }));
    const error = new ValidationError("settle()", issues);
    for (const [field, ids] of this.relation.fields)
      if (ids === known)
        this.#failures.push({
          route: plan.field.endpoint.route,
          field,
          ids: missing.map(([, id]) => id),
          error,
        });
    return {
      ...found,
      refused: new Map([...refused, ...missing.map(([value]) => [value, error] as const)]),
    };
  }

  get #reply(): string {
    return `the reply of "${this.relation.endpoint.route}"`;
  }

  #refuse(key: IdKey, error: unknown): void {
    if (!this.#failures && this.relation.isFatalFor(key)) throw error;
    this.#note(key, error);
  }

  /** Refuses a row for its issues; those of rows with which the whole fails are told together. */
  #refuseRow(key: IdKey, issues: IssueList, broken: ValidationIssue[]): void {
    const told = issues.take();
    if (!this.#failures && this.relation.isFatalFor(key)) broken.push(...told);
    else this.#note(key, refused(this.#reply, told));
    if (broken.length >= MAX_ISSUES) this.#throwBroken(broken);
  }

  #throwBroken(broken: readonly ValidationIssue[]): void {
    if (broken.length > 0) throw refused(this.#reply, broken);
  }

  #note(key: IdKey, error: unknown): void {
    this.#refused.set(key, error);
    const { route } = this.relation.endpoint;
    for (const [field, { ids }] of this.#failures ? this.relation.fields : []) {
      const failed = [...ids.values()].filter((id) => this.relation.keyOf(id) === key);
      if (failed.length > 0) this.#failures?.push({ route, field, ids: failed, error });
    }
  }

  /** One line for all rows, because there may be thousands. */
  #logRefused(): void {
    const [error] = this.#refused.values();
    if (error === undefined || this.#failures) return;
    const { route } = this.relation.endpoint;
    const count = this.#refused.size;
    log.warn("{count} rows of {route} become null, the first one over {error}", {
      count,
      route,
      error,
    });
  }
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : value === undefined ? [] : [value];
}

type Checked = StandardSchemaV1.Result<unknown>;

/** Checks a row, or each row of a list. */
function check(schema: Schema, rows: Fetched | undefined): Checked | Promise<Checked> {
  if (!Array.isArray(rows)) return validate(schema, rows);
  const checked = settleAll((rows as readonly RemoteRow[]).map((row) => validate(schema, row)));
  return checked instanceof Promise ? checked.then(together) : together(checked);
}

/** One result for a list of rows. */
function together(results: readonly Checked[]): Checked {
  const issues = results.flatMap((result) => result.issues ?? []);
  if (issues.length > 0) return { issues };
  return { value: results.map((result) => (result.issues ? undefined : result.value)) };
}

/** The results, and a promise of them only where one is a promise. */
function settleAll(
  results: readonly (Checked | Promise<Checked>)[],
): readonly Checked[] | Promise<readonly Checked[]> {
  if (results.some((result) => result instanceof Promise))
    return Promise.all(results.map(async (result) => result));
  return results as readonly Checked[];
}
