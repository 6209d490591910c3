import { BgtasksError } from "../errors.ts";
import { Stop } from "../context/abort.ts";
import type { Asked } from "./collect.ts";
import { askNothing } from "./collect.ts";
import type { RemoteFailure } from "./failure.ts";
import type { LoadOptions } from "./load_rows.ts";
import { loadRows } from "./load_rows.ts";
import { Loaded } from "./loaded.ts";
import type { Found, FoundObjects } from "./merge_rows.ts";
import type { RemotePlan } from "./plan.ts";
import type { Relation } from "./relation.ts";
import { groupByRoutes, toRelations } from "./relation.ts";
import { RemoteLoader } from "./remote_loader.ts";

/** Everything that one `serialize()` or `validate()` is made with. */
export interface Resolution extends LoadOptions {
  /** What `params` are made of. */
  readonly context: unknown;
  /** Takes what fails, where the caller wants it beside the data. */
  readonly failures: RemoteFailure[] | undefined;
  /** How many levels of remote rows there may be. */
  readonly maxDepth: number;
}

/** What there is for values that stand for no id. */
const NOTHING: FoundObjects = { objects: new Map(), refused: new Map(), failure: undefined };

/**
 * Gets the remote objects for collected ids: a level of remote rows at a time, each with one call to a route, until no
 * serializer of remote rows asks for more.
 */
export async function resolveIds(asked: Asked, resolution: Resolution, depth = 1): Promise<Found> {
  const objects = new Map<RemotePlan, FoundObjects>();
  const found: Found = {
    objects,
    defaults: asked.defaults,
    settles: resolution.failures !== undefined,
  };
  for (const [plan, { ids }] of asked.ids) if (ids.size === 0) objects.set(plan, NOTHING);
  const relations = toRelations(asked, resolution.context);
  if (relations.length === 0) return found;
  if (depth > resolution.maxDepth) throw tooDeep(relations, resolution.maxDepth);
  for (const loaded of await getAll(relations, resolution, depth)) {
    for (const [plan, known] of loaded.relation.targets)
      objects.set(plan, loaded.foundBy(plan, known));
  }
  return found;
}

/**
 * Gets the objects of all relations at the same time. The first failure that the caller is to have ends the calls of the
 * others, those of deeper levels included.
 */
async function getAll(
  relations: readonly Relation[],
  resolution: Resolution,
  depth: number,
): Promise<readonly Loaded[]> {
  if (relations.length === 1) return getGroup(relations, resolution, resolution, depth);
  const stop = new Stop(resolution.signal);
  const own = { ...resolution, signal: stop.signal };
  try {
    const sharing = shareCalls(relations, own);
    const groups = groupByRoutes(relations);
    const got = await Promise.all(groups.map((group) => getGroup(group, sharing, own, depth)));
    return got.flat();
  } catch (error) {
    stop.abort(error);
    throw error;
  } finally {
    stop.detach();
  }
}

/** Gets relations whose next level is made of all their rows together. */
async function getGroup(
  relations: readonly Relation[],
  sharing: Resolution,
  resolution: Resolution,
  depth: number,
): Promise<readonly Loaded[]> {
  const level = await Promise.all(relations.map((relation) => load(relation, sharing)));
  await represent(level, resolution, depth);
  return level;
}

/**
 * When several fields read the same endpoint but shape its rows differently, sends them through one loader, so that the
 * endpoint is called once.
 */
function shareCalls(relations: readonly Relation[], resolution: Resolution): Resolution {
  const names = new Set(relations.map(({ endpoint }) => endpoint.name));
  if (resolution.loader || names.size === relations.length) return resolution;
  const { signal } = resolution;
  return { ...resolution, loader: new RemoteLoader({ signal, wait: "microtask" }) };
}

async function load(relation: Relation, resolution: Resolution): Promise<Loaded> {
  const loaded = new Loaded(relation, resolution.failures);
  try {
    const ids = resolution.loader ? relation.useIdKeys() : relation;
    await loaded.accept(await loadRows(relation.endpoint, ids, resolution));
  } catch (error) {
    if (resolution.signal?.aborted) throw error;
    loaded.fail(error);
  }
  return loaded;
}

/** Makes of remote rows what their serializers make of them, the remote rows they need included. */
async function represent(
  level: readonly Loaded[],
  resolution: Resolution,
  depth: number,
): Promise<void> {
  const asked = askNothing();
  let isNested = false;
  for (const loaded of level) {
    const { nested } = loaded.relation;
    if (!nested) continue;
    isNested = true;
    loaded.collect(nested, asked);
  }
  if (!isNested) return;
  const found = await resolveIds(asked, resolution, depth + 1);
  for (const loaded of level)
    if (loaded.relation.nested) loaded.merge(loaded.relation.nested, found);
}

function tooDeep(relations: readonly Relation[], maxDepth: number): BgtasksError {
  const routes = relations.map(({ endpoint }) => `"${endpoint.route}"`).join(", ");
  const rule = `remote rows would be more than ${maxDepth} levels deep, those of ${routes}`;
  return new BgtasksError("too_deep", `Cannot serialize because ${rule}: do they hold each other?`);
}
