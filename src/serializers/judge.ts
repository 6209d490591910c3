import {
  BgtasksError,
  NoRouteError,
  ProtocolError,
  RPCTimeoutError,
  ValidationError,
} from "../errors.ts";
import type { RowId } from "../rows/fields.ts";
import { idKey, readField, showId } from "../rows/fields.ts";
import { FailResponseError } from "../envelope/response.ts";
import type { Asked, FieldIds } from "./collect.ts";
import type { Endpoint } from "./endpoint.ts";
import type { IdKey } from "./fetch_rows.ts";
import { idsOfFailure } from "./fetch_rows.ts";
import { loadRows } from "./load_rows.ts";
import { doesNotExist, timeoutError, wrongFormat } from "./messages.ts";
import type { RemotePlan } from "./plan.ts";
import { fieldsOf, Relation } from "./relation.ts";
import type { Resolution } from "./resolve.ts";

/** What is wrong with the ids of a field, by their keys. */
export type Verdict = ReadonlyMap<IdKey, readonly string[]>;

/** How often a service may say which of the ids are wrong, and be asked for the rest. */
const MAX_ROUNDS = 3;

/** Asks whether the ids of every field are known; the loader makes one call for each route. */
export async function judgeIds(
  asked: Asked,
  resolution: Resolution,
): Promise<ReadonlyMap<RemotePlan, Verdict>> {
  const verdicts = new Map<RemotePlan, Verdict>();
  await Promise.all(
    [...asked.ids].map(async ([plan, known]) => {
      verdicts.set(plan, await judgeField(plan, known, resolution));
    }),
  );
  return verdicts;
}

async function judgeField(
  plan: RemotePlan,
  known: FieldIds,
  resolution: Resolution,
): Promise<Verdict> {
  const endpoint = plan.field.endpointFor(resolution.context, fieldsOf(plan));
  const wrong = new Map<IdKey, readonly string[]>();
  let ids: ReadonlyMap<IdKey, RowId> = new Relation(endpoint, plan, known).useIdKeys().byKey;
  for (let round = 1; ids.size > 0; round++) {
    try {
      const rows = await loadRows(endpoint, { byKey: ids, keyOf: idKey }, resolution);
      for (const [key, id] of ids) if (!rows.has(key)) wrong.set(key, [doesNotExist(id)]);
      break;
    } catch (error) {
      const blamed = blame(endpoint, ids, error);
      const messages = blamed ? [] : toMessages(endpoint.route, error);
      if (!messages || resolution.signal?.aborted) throw error;
      for (const key of ids.keys()) {
        const own = blamed ? blamed.get(key) : messages;
        if (own) wrong.set(key, own);
      }
      // That these are wrong is enough: the next ones are told when these are right.
      if (!blamed || round === MAX_ROUNDS) break;
      // The service looked at none of the others.
      ids = new Map([...ids].filter(([key]) => !wrong.has(key)));
    }
  }
  return wrong;
}

/** Which ids an error is about, where it says so by their place in the list that was sent. */
function blame(
  { key }: Endpoint,
  asked: ReadonlyMap<IdKey, RowId>,
  error: unknown,
): ReadonlyMap<IdKey, readonly string[]> | undefined {
  if (isTooLarge(error)) {
    // A message of this id alone is too large, so that no row can have it, nor any that is longer.
    const [first = ""] = idsOfFailure(error) ?? [];
    const isAsLong = (id: RowId) => showId(id).length >= showId(first).length;
    const long = [...asked].filter(([, id]) => isAsLong(id));
    return new Map(long.map(([key, id]) => [key, [doesNotExist(id)]]));
  }
  if (!(error instanceof FailResponseError || error instanceof ValidationError)) return undefined;
  const ids = idsOfFailure(error);
  const places =
    error instanceof ValidationError ? byPlace(error, key) : placesOf(error.errors, key);
  if (!ids || places.size === 0) return undefined;
  const blamed = new Map<IdKey, readonly string[]>();
  for (const [place, messages] of places) {
    const id = ids[place];
    // What is not a place in the list means something else, so that all of it may.
    if (id === undefined || messages.length === 0) return undefined;
    blamed.set(idKey(id), messages);
  }
  return blamed;
}

function isTooLarge(error: unknown): error is BgtasksError {
  return error instanceof BgtasksError && error.code === "too_large";
}

/** `{ "3": ["A valid integer is required."] }`, or that under the key of the ids. */
function placesOf(errors: unknown, key: string | undefined): Map<number, readonly string[]> {
  const places = new Map<number, readonly string[]>();
  const inner = typeof errors === "object" && errors !== null && key !== undefined;
  const list: unknown = inner ? readField(errors, key) : errors;
  if (typeof list !== "object" || list === null || Array.isArray(list)) return places;
  for (const [place, messages] of Object.entries(list))
    places.set(toPlace(place), flatten(messages));
  return places;
}

function byPlace({ issues }: ValidationError, key: string | undefined): Map<number, string[]> {
  const places = new Map<number, string[]>();
  for (const { path, message } of issues) {
    const [place] = key === undefined || path[0] !== key ? path : path.slice(1);
    const index = toPlace(place);
    places.set(index, [...(places.get(index) ?? []), message]);
  }
  return places;
}

/** The place that a key of errors names; -1 for another key. */
function toPlace(key: string | number | undefined): number {
  return key !== undefined && /^\d+$/.test(String(key)) ? Number(key) : -1;
}

/** What a failed check says to whoever sent the input; undefined for failures that are not about the input. */
function toMessages(route: string, error: unknown): readonly string[] | undefined {
  if (error instanceof RPCTimeoutError) return [timeoutError(route)];
  if (error instanceof ProtocolError || error instanceof NoRouteError) return [wrongFormat(route)];
  if (!(error instanceof FailResponseError || error instanceof ValidationError)) return undefined;
  const messages = flatten(error.errors);
  return messages.length > 0 ? messages : [wrongFormat(route)];
}

/** The messages of a reply that says what is wrong: text, a list of texts, or either by field. */
function flatten(errors: unknown): string[] {
  if (Array.isArray(errors)) return errors.flatMap(flatten);
  if (typeof errors === "object" && errors !== null) return Object.values(errors).flatMap(flatten);
  return [String(errors)];
}
