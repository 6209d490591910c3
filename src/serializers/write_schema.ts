import * as v from "valibot";

import type { RowId } from "../utils/fields.ts";
import { isId } from "../utils/fields.ts";
import { incorrectType, MUST_BE_ARRAY } from "./messages.ts";
import type { AnyRemoteField } from "./remote_field.ts";
import type { PipeItemView, SchemaView } from "./valibot_schema.ts";
import {
  holdsRemoteField,
  isSchemaView,
  OBJECTS,
  toIssue,
  viewSchema,
  WRAPPERS,
} from "./valibot_schema.ts";

/** Says what is wrong with an id. The configuration that {@link WriteSchema.schema} runs with holds it. */
export const JUDGE: unique symbol = Symbol("bgtasks.judge");

export type JudgeId = (field: AnyRemoteField, id: RowId) => readonly string[];

/** The schema for what comes in: remote fields take an id and give the id. */
export class WriteSchema {
  readonly schema: SchemaView;
  /** Whether actions on remote objects were left out, as there are only ids here. */
  skipsActions = false;
  readonly #lazy = new WeakMap<SchemaView, SchemaView>();

  constructor(schema: v.GenericSchema | v.GenericSchemaAsync) {
    this.schema = this.#rewrite(viewSchema(schema));
  }

  #rewrite(schema: SchemaView): SchemaView {
    const { pipe, entries, item, wrapped, getter, reference, message } = schema;
    if (schema.type === "lazy" && getter && !pipe && !schema.async)
      return reference(this.#rewriteLazy(getter));
    if (!holdsRemoteField(schema) && !holdsLazy(schema)) return schema;
    if (pipe) return this.#rewritePipe(schema, pipe);
    if (schema.type === "remote_field") return checkedId(schema as unknown as AnyRemoteField);
    if (entries && OBJECTS.has(schema.type)) {
      const rewritten = Object.entries(entries).map(
        ([key, entry]) => [key, this.#rewrite(entry)] as const,
      );
      const parts = schema.rest ? [schema.rest, message] : [message];
      return reference(Object.fromEntries(rewritten), ...parts);
    }
    if (item && schema.type === "array") {
      return reference(
        this.#rewrite(item),
        message ?? (isRemote(item) ? MUST_BE_ARRAY : undefined),
      );
    }
    if (wrapped && WRAPPERS.has(schema.type))
      return reference(this.#rewrite(wrapped), schema.default ?? message);
    return schema;
  }

  #rewritePipe(schema: SchemaView, [first, ...actions]: readonly PipeItemView[]): SchemaView {
    if (!isSchemaView(first)) return schema;
    const rewritten = this.#rewrite(first);
    if (holdsRemoteField(first)) {
      if (actions.some(({ kind }) => kind !== "metadata")) this.skipsActions = true;
      return rewritten;
    }
    const pipe = schema.async ? v.pipeAsync : v.pipe;
    return (pipe as unknown as SchemaView["reference"])(rewritten, ...actions);
  }

  #rewriteLazy(getter: (input: unknown) => SchemaView): (input: unknown) => SchemaView {
    return (input) => {
      const schema = getter(input);
      let rewritten = this.#lazy.get(schema);
      if (!rewritten) this.#lazy.set(schema, (rewritten = this.#rewrite(schema)));
      return rewritten;
    };
  }
}

/** A schema of the field's ids that asks whether they are known. */
function checkedId(field: AnyRemoteField): SchemaView {
  const view: SchemaView = {
    ...viewSchema(field),
    "~run": (dataset, config) => {
      const result = field.id["~run"]({ value: dataset.value }, config);
      if (result.issues || result.value === null || result.value === undefined) return result;
      const judge = (config as { readonly [JUDGE]?: JudgeId })[JUDGE];
      const { value } = result;
      const messages = isId(value) ? (judge?.(field, value) ?? []) : [incorrectType(value)];
      const issues = messages.map((message) => toIssue(field, value, message, config));
      return issues.length > 0 ? { typed: true, value, issues } : result;
    },
  };
  return view;
}

function isRemote(schema: SchemaView): boolean {
  if (schema.pipe) return isSchemaView(schema.pipe[0]) && isRemote(schema.pipe[0]);
  return (
    schema.type === "remote_field" || (schema.wrapped !== undefined && isRemote(schema.wrapped))
  );
}

function holdsLazy({ type, pipe, entries, item, wrapped }: SchemaView): boolean {
  if (type === "lazy") return true;
  const parts = [...(pipe ?? []), ...Object.values(entries ?? {}), item, wrapped];
  return parts.filter(isSchemaView).some(holdsLazy);
}
