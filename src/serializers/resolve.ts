import type { StandardSchemaV1 } from "@standard-schema/spec";

import type { ValidationIssue } from "../errors.ts";
import { BgtasksError, ProtocolError } from "../errors.ts";
import { formatPath, toValidationIssues } from "../issues.ts";
import { logger } from "../log.ts";
import type { Schema } from "../schema.ts";
import { validate } from "../schema.ts";
import type { RowId } from "../utils/fields.ts";
import { idKey } from "../utils/fields.ts";
import type { AskedIds, FieldIds } from "./collect.ts";
import { Collector } from "./collect.ts";
import type { Endpoint } from "./endpoint.ts";
import { tightest } from "./endpoint.ts";
import type { FetchOptions, IdKey, RemoteRow } from "./fetch_rows.ts";
import { fetchRows } from "./fetch_rows.ts";
import { freeze } from "./freeze.ts";
import type { Found, FoundObjects } from "./merge_rows.ts";
import { Merger } from "./merge_rows.ts";
import type { AnyRemoteField, NestedPlan } from "./remote_field.ts";
import { RemoteLoader } from "./remote_loader.ts";

const log = logger("serializers");

/** Everything that one `serialize()` or `validate()` is made with. */
export interface Resolution extends FetchOptions {
  readonly loader: RemoteLoader | undefined;
  /** How many levels of remote rows there may be. */
  readonly maxDepth: number;
}

/** Fields that mean the same objects: one call asks for all of their ids. */
interface Relation {
  endpoint: Endpoint;
  readonly fields: AnyRemoteField[];
  readonly nested: NestedPlan | undefined;
  /** By their keys. */
  ids: ReadonlyMap<IdKey, RowId>;
}

/** A relation whose rows are here. */
interface Loaded extends Relation {
  /** By the keys of their ids. */
  readonly rows: ReadonlyMap<IdKey, object | null>;
  readonly failed: boolean;
}

/**
 * Gets the remote objects for collected ids: a level of remote rows at a time, each with one call to a route, until no
 * serializer of remote rows asks for more.
 */
export async function resolveIds(
  asked: AskedIds,
  resolution: Resolution,
  depth = 1,
): Promise<Found> {
  const found = new Map<AnyRemoteField, FoundObjects>();
  const relations = toRelations(asked);
  if (relations.length === 0) return found;
  if (depth > resolution.maxDepth) throw tooDeep(relations, resolution.maxDepth);
  const sharing = shareCalls(relations, resolution);
  const loaded = await Promise.all(relations.map((relation) => load(relation, sharing)));
  const objects = await represent(loaded, resolution, depth);
  loaded.forEach(({ fields, failed }, index) => {
    for (const field of fields)
      found.set(field, { objects: byValue(asked.get(field), objects[index]), failed });
  });
  return found;
}

/** Groups fields that share objects. */
function toRelations(asked: AskedIds): Relation[] {
  const relations: Relation[] = [];
  for (const [field, known] of asked) {
    if (known.ids.size === 0) continue;
    const relation = relations.find((other) => isSame(other, field));
    if (!relation) {
      const { endpoint } = field;
      relations.push({ endpoint, fields: [field], nested: field.nested(), ids: byKey(known) });
      continue;
    }
    relation.endpoint = tightest(relation.endpoint, field.endpoint);
    relation.fields.push(field);
    relation.ids = new Map([...relation.ids, ...byKey(known)]);
  }
  return relations;
}

/** Rows of one place that are represented in several ways are asked for together: a loader makes one call of that. */
function shareCalls(relations: readonly Relation[], resolution: Resolution): Resolution {
  const names = new Set(relations.map(({ endpoint }) => endpoint.name));
  if (resolution.loader || names.size === relations.length) return resolution;
  const { signal } = resolution;
  return { ...resolution, loader: new RemoteLoader({ signal, wait: "microtask" }) };
}

/** The ids of a field by their keys. */
export function byKey({ ids, plain }: FieldIds): ReadonlyMap<IdKey, RowId> {
  // Of plain ids that is what there is.
  if (plain) return ids as ReadonlyMap<IdKey, RowId>;
  return new Map([...ids.values()].map((id) => [idKey(id), id]));
}

function isSame({ endpoint, fields: [first], nested }: Relation, field: AnyRemoteField): boolean {
  if (endpoint.name !== field.endpoint.name || first?.options.schema !== field.options.schema)
    return false;
  return nested?.serializer === field.nested()?.serializer;
}

async function load(relation: Relation, resolution: Resolution): Promise<Loaded> {
  const { endpoint, ids, fields } = relation;
  const schema = fields[0]?.options.schema;
  try {
    const known = await loadRows(endpoint, ids, resolution);
    const rows = schema ? await checkRows(endpoint.route, schema, known, ids) : known;
    return { ...relation, rows, failed: false };
  } catch (error) {
    if (resolution.signal?.aborted || fields.some(({ options }) => options.onError !== "null"))
      throw error;
    log.warn("remote fields of {route} become null: {error}", { route: endpoint.route, error });
    return { ...relation, rows: new Map(), failed: true };
  }
}

/**
 * Gets rows by a call, or through a loader: then the rows may be more than these, and an abort ends the wait for calls
 * that others have begun.
 */
export async function loadRows(
  endpoint: Endpoint,
  ids: ReadonlyMap<IdKey, RowId>,
  { loader, client, timeout, signal }: Resolution,
): Promise<ReadonlyMap<IdKey, RemoteRow | null>> {
  signal?.throwIfAborted();
  if (!loader) return fetchRows(endpoint, ids, { client, timeout, signal });
  const loading = loader.load(endpoint, ids, { client, timeout });
  if (!signal) return loading;
  let stop: () => void = () => {};
  const aborted = new Promise<never>((_, reject) => {
    stop = () => reject(signal.reason as Error);
    signal.addEventListener("abort", stop, { once: true });
  });
  try {
    return await Promise.race([loading, aborted]);
  } finally {
    signal.removeEventListener("abort", stop);
  }
}

/** Runs a field's schema over rows. Only an asynchronous one is waited for. */
async function checkRows(
  route: string,
  schema: Schema,
  known: ReadonlyMap<IdKey, RemoteRow | null>,
  ids: ReadonlyMap<IdKey, RowId>,
): Promise<Map<IdKey, object>> {
  const rows = new Map<IdKey, object>();
  for (const key of ids.keys()) {
    const row = known.get(key);
    if (!row) continue;
    const result = validate(schema, row);
    rows.set(key, accept(route, result instanceof Promise ? await result : result));
  }
  return rows;
}

function accept(route: string, result: StandardSchemaV1.Result<unknown>): object {
  if (result.issues)
    throw refused(`a row of the reply of "${route}"`, toValidationIssues(result.issues));
  return freeze(result.value) as object;
}

/** Makes of remote rows what their serializers make of them, the remote rows they need included. */
async function represent(
  loaded: readonly Loaded[],
  resolution: Resolution,
  depth: number,
): Promise<ReadonlyMap<IdKey, object | null>[]> {
  const asked: AskedIds = new Map();
  for (const relation of loaded) collectRemote(relation, asked);
  const found = await resolveIds(asked, resolution, depth + 1);
  return loaded.map((relation) => mergeRemote(relation, found));
}

function collectRemote({ endpoint, nested, ids, rows }: Loaded, asked: AskedIds): void {
  if (!nested) return;
  const collector = new Collector(asked);
  for (const key of ids.keys()) {
    const row = rows.get(key);
    if (row) collector.collect(nested.plan, row);
  }
  if (collector.issues.length > 0)
    throw refused(`the reply of "${endpoint.route}"`, collector.issues);
}

function mergeRemote(
  { endpoint, nested, rows }: Loaded,
  found: Found,
): ReadonlyMap<IdKey, object | null> {
  if (!nested) return rows;
  const merger = new Merger(found);
  const objects = new Map<IdKey, object | null>();
  for (const [text, row] of rows)
    objects.set(text, freeze(merger.merge(nested.plan, row)) as object);
  if (merger.issues.length > 0) throw refused(`the reply of "${endpoint.route}"`, merger.issues);
  return objects;
}

/** Objects by the value in the rows, so that merging looks them up without a conversion. */
function byValue(
  known: FieldIds | undefined,
  objects: ReadonlyMap<IdKey, object | null> | undefined,
): ReadonlyMap<unknown, object | null> {
  if (!known || !objects) return new Map();
  if (known.plain) return objects;
  return new Map([...known.ids].map(([value, id]) => [value, objects.get(idKey(id)) ?? null]));
}

function refused(what: string, issues: readonly ValidationIssue[]): ProtocolError {
  const lines = issues.map(
    ({ path, message }) => `\n  - ${path.length > 0 ? `${formatPath(path)}: ` : ""}${message}`,
  );
  return new ProtocolError(`Cannot use ${what}:${lines.join("")}`);
}

function tooDeep(relations: readonly Relation[], maxDepth: number): BgtasksError {
  const routes = relations.map(({ endpoint }) => `"${endpoint.route}"`).join(", ");
  const rule = `remote rows would be more than ${maxDepth} levels deep, those of ${routes}`;
  return new BgtasksError("too_deep", `Cannot serialize as ${rule}: do they hold each other?`);
}
