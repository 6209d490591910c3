import * as v from "valibot";

import type { FieldErrors, ValidationIssue } from "../errors.ts";
import { BgtasksError } from "../errors.ts";
import { fieldErrors, toKey } from "../schema/issues.ts";
import { idKey } from "../rows/fields.ts";
import { Stop } from "../context/abort.ts";
import type { Asked } from "./collect.ts";
import { askNothing, noIds, noteId } from "./collect.ts";
import { IssueList } from "./issue_list.ts";
import { judgeIds } from "./judge.ts";
import { MUST_BE_ARRAY } from "./messages.ts";
import type { RemotePlan } from "./plan.ts";
import { targetOf } from "./plan_rows.ts";
import type { AnyRemoteField, VisitId } from "./remote_field.ts";
import { valueKey, VISIT } from "./remote_field.ts";
import { RemoteLoader } from "./remote_loader.ts";
import type { Resolution } from "./resolve.ts";
import { resolveIds } from "./resolve.ts";
import type { Dataset, SchemaView } from "./valibot_schema.ts";
import type { WriteSchema } from "./write_schema.ts";

/** What `validate()` found: the output, or what is wrong, by field and as a list. */
export type ValidationResult<Output> =
  | { readonly success: true; readonly output: Output }
  | {
      readonly success: false;
      readonly errors: FieldErrors;
      readonly issues: readonly ValidationIssue[];
    };

/**
 * Runs the schema over what came in, asks for the remote rows it names, and, if some do not exist, runs it once more to
 * say so where it found their ids.
 *
 * @returns the output with ids, as they are stored
 */
export async function validateInput(
  schema: WriteSchema,
  input: unknown,
  resolution: Resolution,
): Promise<ValidationResult<unknown>> {
  const asked = askNothing();
  const fields = new Map<AnyRemoteField, RemotePlan>();
  const first = await run(schema.forIds, input, noteInto(asked, fields));
  resolution.signal?.throwIfAborted();
  if (asked.ids.size === 0 && !schema.forObjects) return toResult(schema, first);
  const stop = new Stop(resolution.signal);
  const { signal } = stop;
  // What is asked for at the same time goes out as one call, also without a loader of the caller's.
  const loader = resolution.loader ?? new RemoteLoader({ signal, wait: "microtask" });
  try {
    return await checkRemote(
      schema,
      input,
      first,
      { asked, fields },
      { ...resolution, signal, loader },
    );
  } catch (error) {
    // The first failure that is not the input's ends the calls of the others.
    stop.abort(error);
    throw error;
  } finally {
    stop.detach();
  }
}

interface Noted {
  readonly asked: Asked;
  readonly fields: Map<AnyRemoteField, RemotePlan>;
}

async function checkRemote(
  schema: WriteSchema,
  input: unknown,
  first: Dataset,
  { asked, fields }: Noted,
  resolution: Resolution,
): Promise<ValidationResult<unknown>> {
  const verdicts = await judgeIds(asked, resolution);
  const told = new IssueList();
  const planOf = (field: AnyRemoteField): RemotePlan => {
    const plan = fields.get(field);
    if (plan) return plan;
    throw notAsked(field);
  };
  const isWrong = [...verdicts.values()].some(({ size }) => size > 0);
  const judged: VisitId = (field, id) => {
    const messages = verdicts.get(planOf(field))?.get(idKey(id)) ?? [];
    if (messages.length === 0 || !told.isFull) {
      for (const message of messages) told.add(message, []);
      return { value: id, messages };
    }
    // A hundred are told already: more would be as many objects as a hostile input has ids.
    told.skip(messages.length);
    return { value: id };
  };
  const result = isWrong ? await run(schema.forIds, input, judged) : first;
  if (result.issues || !schema.forObjects) return toResult(schema, result, told.skipped);
  // Actions after remote fields are about remote objects, which are known to exist by now.
  const { objects } = await resolveIds(asked, resolution);
  const resolve: VisitId = (field, id) => ({
    value: objects.get(planOf(field))?.objects.get(valueKey(field, id)) ?? null,
  });
  const { issues } = await run(schema.forObjects, input, resolve);
  return toResult(schema, issues ? { ...result, issues } : result);
}

function noteInto(asked: Asked, fields: Map<AnyRemoteField, RemotePlan>): VisitId {
  return (field, id) => {
    let plan = fields.get(field);
    if (!plan) fields.set(field, (plan = targetOf(field)));
    let known = asked.ids.get(plan);
    if (!known) asked.ids.set(plan, (known = noIds()));
    noteId(known, valueKey(field, id), id);
    return { value: id };
  };
}

function run(schema: SchemaView, value: unknown, visit: VisitId): Dataset | Promise<Dataset> {
  const config: object = { ...v.getGlobalConfig(), [VISIT]: visit };
  return schema["~run"]({ value }, config);
}

/** @param skipped how many issues were counted without being made */
function toResult(
  schema: WriteSchema,
  { value, issues: found }: Dataset,
  skipped = 0,
): ValidationResult<unknown> {
  if (!found) return { success: true, output: value };
  const list = new IssueList();
  for (const issue of found) {
    const path = (issue.path ?? []).map(({ key }) => toKey(key));
    const isBareList = issue.type === "array" && isDefault(issue) && schema.isRemoteList(path);
    list.add(isBareList ? MUST_BE_ARRAY : issue.message, path);
  }
  list.skip(skipped);
  const issues = list.take();
  return { success: false, errors: fieldErrors(issues), issues };
}

/** Whether an issue has valibot's own words, because neither the schema nor its user has others. */
function isDefault({ message, expected, received }: v.BaseIssue<unknown>): boolean {
  return message === `Invalid type: Expected ${expected} but received ${received}`;
}

function notAsked({ endpoint }: AnyRemoteField): BgtasksError {
  return new BgtasksError(
    "not_collected",
    `Cannot validate the remote field of "${endpoint.route}" because it was made anew: a getter of v.lazy() must give the same schema each time`,
  );
}
