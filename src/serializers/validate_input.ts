import * as v from "valibot";

import type { FieldErrors, ValidationIssue } from "../errors.ts";
import { NoRouteError, ProtocolError, RPCTimeoutError, ValidationError } from "../errors.ts";
import { fieldErrors, toKey } from "../issues.ts";
import type { RowId } from "../utils/fields.ts";
import { idKey } from "../utils/fields.ts";
import { FailResponseError } from "../utils/response.ts";
import type { AskedIds } from "./collect.ts";
import { noteId } from "./collect.ts";
import type { IdKey, RemoteRow } from "./fetch_rows.ts";
import { doesNotExist, timeoutError, wrongFormat } from "./messages.ts";
import type { AnyRemoteField, ResolveId } from "./remote_field.ts";
import { RESOLVE } from "./remote_field.ts";
import type { Resolution } from "./resolve.ts";
import { byKey, loadRows, resolveIds } from "./resolve.ts";
import type { Dataset, SchemaView } from "./valibot_schema.ts";
import { viewSchema } from "./valibot_schema.ts";
import type { JudgeId, WriteSchema } from "./write_schema.ts";
import { JUDGE } from "./write_schema.ts";

/** What `validate()` found: the output, or what is wrong, by field and as a list. */
export type ValidationResult<Output> =
  | { readonly success: true; readonly output: Output }
  | {
      readonly success: false;
      readonly errors: FieldErrors;
      readonly issues: readonly ValidationIssue[];
    };

/** What is wrong with ids, by field and key of the id. */
type Verdicts = Map<AnyRemoteField, Map<IdKey, readonly string[]>>;

/**
 * Runs the schema over what came in, asks for the remote rows it names, and, if some do not exist, runs it once more to
 * say so where it found their ids.
 *
 * @returns the output with ids, as they are stored
 */
export async function validateInput(
  original: v.GenericSchema | v.GenericSchemaAsync,
  write: WriteSchema,
  input: unknown,
  resolution: Resolution,
): Promise<ValidationResult<unknown>> {
  const asked: AskedIds = new Map();
  const note: JudgeId = (field, id) => {
    let known = asked.get(field);
    if (!known) asked.set(field, (known = { ids: new Map(), plain: true }));
    noteId(known, id, id);
    return [];
  };
  const first = await run(write.schema, input, { [JUDGE]: note });
  resolution.signal?.throwIfAborted();
  const verdicts = await judge(asked, resolution);
  const judged: JudgeId = (field, id) => verdicts.get(field)?.get(idKey(id)) ?? [];
  const { value, issues } =
    verdicts.size === 0 ? first : await run(write.schema, input, { [JUDGE]: judged });
  if (issues) return failure(issues);
  if (write.skipsActions) {
    // Actions after remote fields are about remote objects, which are known to exist by now.
    const found = await resolveIds(asked, resolution);
    const resolve: ResolveId = (field, id) =>
      (found.get(field)?.objects.get(id) as RemoteRow | undefined) ?? null;
    const { issues: late } = await run(viewSchema(original), input, { [RESOLVE]: resolve });
    if (late) return failure(late);
  }
  return { success: true, output: value };
}

function run(schema: SchemaView, value: unknown, extra: object): Dataset | Promise<Dataset> {
  return schema["~run"]({ value }, { ...v.getGlobalConfig(), ...extra });
}

/** Asks for the ids of every field; the loader makes one call of those that go to one place. */
async function judge(asked: AskedIds, resolution: Resolution): Promise<Verdicts> {
  const verdicts: Verdicts = new Map();
  await Promise.all(
    [...asked].map(async ([field, known]) => {
      const wrong = await judgeField(field, byKey(known), resolution);
      if (wrong.size > 0) verdicts.set(field, wrong);
    }),
  );
  return verdicts;
}

async function judgeField(
  { endpoint }: AnyRemoteField,
  ids: ReadonlyMap<IdKey, RowId>,
  resolution: Resolution,
): Promise<Map<IdKey, readonly string[]>> {
  const wrong = new Map<IdKey, readonly string[]>();
  try {
    const rows = await loadRows(endpoint, ids, resolution);
    for (const [key, id] of ids) if (!rows.get(key)) wrong.set(key, [doesNotExist(id)]);
  } catch (error) {
    const messages = toMessages(endpoint.route, error);
    if (!messages || resolution.signal?.aborted) throw error;
    for (const key of ids.keys()) wrong.set(key, messages);
  }
  return wrong;
}

/** What a failed check says to whoever sent the input; undefined for what is no concern of theirs. */
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

function failure(found: readonly v.BaseIssue<unknown>[]): ValidationResult<never> {
  const issues = found.map(({ message, path = [] }) => ({
    message,
    path: path.map(({ key }) => toKey(key)),
  }));
  return { success: false, errors: fieldErrors(issues), issues };
}
