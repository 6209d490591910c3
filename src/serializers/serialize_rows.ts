import type { ValidationIssue } from "../errors.ts";
import { BgtasksError, ValidationError } from "../errors.ts";
import { Collector } from "./collect.ts";
import { Merger } from "./merge_rows.ts";
import { nameType } from "./messages.ts";
import type { Plan } from "./plan.ts";
import { RemoteLoader } from "./remote_loader.ts";
import type { Resolution } from "./resolve.ts";
import { resolveIds } from "./resolve.ts";

/** How rows are serialized. */
export interface Serialization {
  /** Has collected the ids of the rows already. */
  readonly collector?: Collector;
  /** Takes errors that are about the rows themselves: that of a remote call may look the same, and is about ids. */
  readonly refusals?: Set<unknown>;
  /** Whether there is one row, so that issues name no place in a list. */
  readonly single?: boolean;
}

/**
 * Serializes a row, a list of rows or a map of them.
 *
 * @throws BgtasksError with `code` `"invalid_rows"` when it is something else
 */
export async function serializeAny(
  rows: unknown,
  serializeList: (list: readonly unknown[], single: boolean) => Promise<readonly unknown[]>,
): Promise<unknown> {
  if (rows instanceof Map) {
    // Taken now, because the map may change before the rows are here.
    const entries = [...(rows as Map<unknown, unknown>)];
    const values = entries.map(([, row]) => row);
    const list = await serializeList(values, false);
    return new Map(entries.map(([key], index) => [key, list[index]]));
  }
  if (isIterable(rows)) return serializeList([...rows], false);
  if (isRow(rows)) return (await serializeList([rows], true))[0];
  throw notRows(rows);
}

/** Collects the ids of rows, gets the remote objects, and puts these in their places. */
export async function serializeRows(
  plan: Plan,
  rows: readonly unknown[],
  resolution: Resolution,
  how: Serialization = {},
): Promise<unknown[]> {
  resolution.signal?.throwIfAborted();
  const collector = how.collector ?? new Collector();
  if (!how.collector) collector.collectAll(plan, rows);
  refuse(collector, how);
  const merger = new Merger(await resolveIds(collector.asked, resolution));
  const merged = merger.mergeAll(plan, rows);
  refuse(merger, how);
  return merged;
}

/** Without the rows that are wrong; what was fetched for the others is not asked for again. */
export async function serializeGoodRows(
  plan: Plan,
  rows: readonly unknown[],
  resolution: Resolution,
  onRowError: (error: ValidationError, row: unknown) => void,
): Promise<unknown[]> {
  const { signal } = resolution;
  const loader = resolution.loader ?? new RemoteLoader({ signal, wait: "microtask" });
  const refusals = new Set<unknown>();
  for (let good = rows; ;) {
    try {
      return await serializeRows(plan, good, { ...resolution, loader }, { refusals });
    } catch (error) {
      if (!(error instanceof ValidationError) || !refusals.has(error)) throw error;
      const wrong = byRow(error);
      for (const [index, issues] of wrong)
        onRowError(new ValidationError("stream()", issues), good[index]);
      good = good.filter((_, index) => !wrong.has(index));
    }
  }
}

/** What is wrong with each row, by its place in the list. */
function byRow({ issues }: ValidationError): Map<number, ValidationIssue[]> {
  const rows = new Map<number, ValidationIssue[]>();
  for (const { message, path } of issues) {
    const [index, ...inner] = path;
    // That there are more issues is about no row.
    if (typeof index !== "number") continue;
    rows.set(index, [...(rows.get(index) ?? []), { message, path: inner }]);
  }
  return rows;
}

function refuse({ issues }: Collector | Merger, { single = false, refusals }: Serialization): void {
  if (issues.total === 0) return;
  const told = issues.take();
  const error = new ValidationError(
    "serialize()",
    single ? told.map(({ message, path }) => ({ message, path: path.slice(1) })) : told,
  );
  refusals?.add(error);
  throw error;
}

function isIterable(value: unknown): value is Iterable<unknown> {
  return typeof value === "object" && value !== null && Symbol.iterator in value;
}

function isRow(value: unknown): value is object {
  return (
    typeof value === "object" &&
    value !== null &&
    !(value instanceof Promise) &&
    !(Symbol.asyncIterator in value)
  );
}

function notRows(rows: unknown): BgtasksError {
  const rule =
    rows instanceof Promise
      ? "a promise: await it first"
      : typeof rows === "object" && rows !== null
        ? "an asynchronous iterable: see stream()"
        : `${nameType(rows)}: rows are objects, lists or maps of them`;
  return new BgtasksError("invalid_rows", `Cannot serialize ${rule}`);
}
