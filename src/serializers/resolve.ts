import { BgtasksError } from "../errors.ts";
import { Stop } from "./abort.ts";
import type { Asked } from "./collect.ts";
import { askNothing } from "./collect.ts";
import type { RemoteFailure } from "./failure.ts";
import type { LoadOptions } from "./load_rows.ts";
import { loadRows } from "./load_rows.ts";
import { Loaded } from "./loaded.ts";
import type { Found, FoundObjects } from "./merge_rows.ts";
import type { RemotePlan } from "./plan.ts";
import type { Relation } from "./relation.ts";
import { toRelations } from "./relation.ts";
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
  const level = await loadLevel(relations, resolution);
  await represent(level, resolution, depth);
  for (const loaded of level) {
    for (const [plan, known] of loaded.relation.targets)
      objects.set(plan, loaded.foundBy(plan, known));
  }
  return found;
}

/** Loads all relations at the same time. The first failure that the caller is to have ends the calls of the others. */
async function loadLevel(
  relations: readonly Relation[],
  resolution: Resolution,
): Promise<Loaded[]> {
  const [only, ...others] = relations;
  if (only && others.length === 0) return [await load(only, resolution)];
  const stop = new Stop(resolution.signal);
  try {
    const sharing = shareCalls(relations, { ...resolution, signal: stop.signal });
    return await Promise.all(relations.map((relation) => load(relation, sharing)));
  } catch (error) {
    stop.abort(error);
    throw error;
  } finally {
    stop.detach();
  }
}

/** Rows of one place that are represented in several ways are asked for together: a loader makes one call of that. */
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
  return new BgtasksError("too_deep", `Cannot serialize as ${rule}: do they hold each other?`);
}
