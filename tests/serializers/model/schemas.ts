import * as v from "valibot";

import type { RowId } from "../../../mod.ts";
import { remoteField, serializer, source } from "../../../mod.ts";
import type { Node, ObjectNode, Remote } from "./nodes.ts";
import { coreOf } from "./nodes.ts";

/** What `params` of the random schemas are made of. */
interface Context {
  readonly locale: string;
}

/** The schema that the library gets. */
export function buildSchema(node: Node, name = ""): v.GenericSchema {
  switch (node.kind) {
    case "column": {
      const column =
        node.change === "none"
          ? v.string()
          : node.change === "trim"
            ? v.pipe(v.string(), v.trim())
            : v.optional(v.string(), "none");
      return node.source === "own" ? column : v.pipe(column, source(sourceName(node, name)));
    }
    case "remote":
      return buildRemote(node, name);
    case "list":
      return v.array(buildSchema(node.item, name));
    case "tuple": {
      const items = node.items.map((item) => buildSchema(item));
      return node.rest ? v.tupleWithRest(items, buildSchema(node.rest)) : v.tuple(items);
    }
    case "record":
      return v.record(v.string(), buildSchema(node.value));
    case "maybe":
      return WRAPPERS[node.type](buildSchema(node.inner, name));
    case "object": {
      if (!node.isSplit) return v.object(buildEntries(node));
      const entries = Object.entries(buildEntries(node));
      const halves = [entries.slice(0, 2), entries.slice(2)] as const;
      return v.intersect(halves.map((half) => v.object(Object.fromEntries(half))));
    }
    case "choice": {
      const { a, b } = node.options;
      const options = [
        v.object({ type: v.literal("a"), ...buildEntries(a) }),
        v.object({ type: v.literal("b"), ...buildEntries(b) }),
      ] as const;
      return node.schema === "variant" ? v.variant("type", options) : v.union(options);
    }
  }
}

function buildEntries({ fields }: ObjectNode): Record<string, v.GenericSchema> {
  return Object.fromEntries(
    Object.entries(fields).map(([name, field]) => [name, buildSchema(field, name)]),
  );
}

function buildRemote(node: Remote, name: string): v.GenericSchema {
  const { route, request, maxBatch, many, onMissing, onError, checked, nested } = node;
  return remoteField(idSchemas[node.id], {
    route,
    onError,
    maxBatch,
    ...(request !== "list" && { key: "ids" }),
    ...(request === "params" && { params: ({ locale }: Context) => ({ locale }) }),
    ...(request === "select" && { select: "fields" }),
    ...(many ? { many, mergeKey: "owner" } : { onMissing }),
    ...(node.id === "pair" && { mergeKey: ["owner", "id"] }),
    ...(node.source === "parts" && { source: partNames(name) }),
    ...(!["own", "parts"].includes(node.source) && { source: sourceName(node, name) }),
    ...(checked && { schema: namedSchema }),
    ...(nested && { serializer: serializer(buildSchema(nested)) }),
  });
}

const WRAPPERS: Readonly<
  Record<"nullable" | "optional" | "nullish", (inner: v.GenericSchema) => v.GenericSchema>
> = { nullable: v.nullable, optional: v.optional, nullish: v.nullish };

const idSchemas: Readonly<Record<Remote["id"], v.GenericSchema<unknown, RowId>>> = {
  number: v.number(),
  text: v.string(),
  pair: v.object({ owner: v.number(), id: v.number() }),
};

const namedSchema = v.pipe(
  v.looseObject({ name: v.string() }),
  v.transform((row) => ({ ...row, name: row.name.toUpperCase() })),
);

/** The attribute, or the path to one, that holds a field's value. */
export function sourceName(node: Node, name: string): string {
  const core = coreOf(node);
  const isDotted = "source" in core && core.source === "dotted";
  return isDotted ? `in_${name}.value` : `the_${name}`;
}

/** The attributes for the two parts of a pair. That of remote rows is of their own fields. */
export function partNames(name: string): readonly [owner: string, id: string] {
  return name === "pair" ? ["a", "b"] : [`${name}_owner`, `in_${name}.id`];
}
