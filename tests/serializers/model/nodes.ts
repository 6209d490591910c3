import * as v from "valibot";

import type { RowId } from "../../../mod.ts";
import { remoteField, serializer, source } from "../../../mod.ts";
import type { Random } from "./random.ts";

/** A part of a schema, as data: what the library gets is made of it, and what the model expects is read from it. */
export type Node = Column | Remote | ListNode | MaybeNode | ObjectNode;

interface Column {
  readonly kind: "column";
  /** What the schema does with the text: nothing, trim it, or put "none" where it is absent. */
  readonly change: "none" | "trim" | "default";
  /** Whether the row has it in an inner object. */
  readonly moved: boolean;
}

export interface Remote {
  readonly kind: "remote";
  readonly route: string;
  /** A pair is of two fields of the remote row. */
  readonly id: "number" | "text" | "pair";
  readonly onMissing: "null" | "keep" | "error";
  readonly onError: "throw" | "null";
  /** Whether a schema demands a name and writes it in capitals. */
  readonly checked: boolean;
  readonly many: boolean;
  readonly nested: ObjectNode | undefined;
}

interface ListNode {
  readonly kind: "list";
  readonly item: Node;
}

interface MaybeNode {
  readonly kind: "maybe";
  readonly type: "nullable" | "optional";
  readonly inner: Node;
}

export interface ObjectNode {
  readonly kind: "object";
  readonly fields: Readonly<Record<string, Node>>;
}

export const ROUTES = ["r0", "r1", "r2"] as const;

/** How many ids the remote tables may know; a few more are asked for. */
export const IDS = 6;

/** Names of a remote row's fields, and what is there. */
const REMOTE_FIELDS = ["name", "a", "b", "list", "owned"] as const;

export function randomObject(random: Random, depth: number): ObjectNode {
  const names = Array.from({ length: 1 + random.below(4) }, (_, index) => `f${index}`);
  return {
    kind: "object",
    fields: Object.fromEntries(names.map((name) => [name, randomNode(random, depth)])),
  };
}

function randomNode(random: Random, depth: number): Node {
  const dice = random.next();
  if (dice < 0.4) return randomRemote(random, 2);
  if (dice < 0.55 || depth === 0)
    return {
      kind: "column",
      change: random.pick(["none", "trim", "default"]),
      moved: random.chance(0.2),
    };
  if (dice < 0.7) return { kind: "list", item: randomNode(random, depth - 1) };
  if (dice < 0.85)
    return {
      kind: "maybe",
      type: random.pick(["nullable", "optional"]),
      inner: randomNode(random, depth - 1),
    };
  return randomObject(random, depth - 1);
}

function randomRemote(random: Random, levels: number, onlyNumbers = false): Remote {
  const many = random.chance(0.15);
  return {
    kind: "remote",
    route: random.pick(ROUTES),
    id:
      onlyNumbers || random.chance(0.6) ? "number" : many ? "text" : random.pick(["text", "pair"]),
    onMissing: many ? "null" : random.pick(["null", "null", "keep", "error"]),
    onError: random.pick(["throw", "null"]),
    checked: random.chance(0.2),
    many,
    nested: levels > 0 && random.chance(0.4) ? randomNested(random, levels - 1) : undefined,
  };
}

function randomNested(random: Random, levels: number): ObjectNode {
  const fields: Record<string, Node> = {};
  for (const name of REMOTE_FIELDS) {
    if (!random.chance(0.5)) continue;
    const remote = randomRemote(random, levels, true);
    if (name === "name")
      fields[name] = { kind: "column", change: random.pick(["none", "trim"]), moved: false };
    else if (name === "a") fields[name] = { ...remote, many: false };
    else if (name === "b")
      fields[name] = { kind: "maybe", type: "nullable", inner: { ...remote, many: false } };
    else if (name === "list") fields[name] = { kind: "list", item: { ...remote, many: false } };
    else fields["id"] = { ...remote, many: true, onMissing: "null" };
  }
  return { kind: "object", fields };
}

/** The schema that the library gets. */
export function buildSchema(node: Node): v.GenericSchema {
  switch (node.kind) {
    case "column":
      if (node.change === "none") return v.string();
      if (node.change === "trim") return v.pipe(v.string(), v.trim());
      return v.optional(v.string(), "none");
    case "remote": {
      const { route, many, onMissing, onError, checked, nested } = node;
      return remoteField(idSchemas[node.id], {
        route,
        onError,
        ...(many ? { many, mergeKey: "owner" } : { onMissing }),
        ...(node.id === "pair" && { mergeKey: ["owner", "id"] }),
        ...(checked && { schema: namedSchema }),
        ...(nested && { serializer: serializer(buildSchema(nested)) }),
      });
    }
    case "list":
      return v.array(buildSchema(node.item));
    case "maybe":
      return node.type === "nullable"
        ? v.nullable(buildSchema(node.inner))
        : v.optional(buildSchema(node.inner));
    case "object": {
      const entries = Object.entries(node.fields);
      return v.object(
        Object.fromEntries(entries.map(([name, field]) => [name, buildField(name, field)])),
      );
    }
  }
}

const idSchemas: Readonly<Record<Remote["id"], v.GenericSchema<unknown, RowId>>> = {
  number: v.number(),
  text: v.string(),
  pair: v.object({ owner: v.number(), id: v.number() }),
};

function buildField(name: string, field: Node): v.GenericSchema {
  const schema = buildSchema(field);
  const isMoved = field.kind === "column" && field.moved;
  return isMoved ? v.pipe(schema, source(`in_${name}.value`)) : schema;
}

/** The row of a value: columns that are moved lie in an inner object. */
export function toRow(random: Random, node: Node, value: unknown): unknown {
  if (node.kind === "maybe") return toRow(random, node.inner, value);
  if (node.kind === "list" && Array.isArray(value))
    return value.map((item) => toRow(random, node.item, item));
  if (node.kind !== "object" || typeof value !== "object" || value === null || Array.isArray(value))
    return value;
  const row: Record<string, unknown> = {};
  for (const [name, field] of Object.entries(node.fields)) {
    const has = Object.hasOwn(value, name);
    const inner = (value as Record<string, unknown>)[name];
    if (field.kind !== "column" || !field.moved) {
      if (has) row[name] = toRow(random, field, inner);
    } else if (has) row[`in_${name}`] = { value: inner };
    else if (random.chance(0.5)) row[`in_${name}`] = {};
  }
  return row;
}

const namedSchema = v.pipe(
  v.looseObject({ name: v.string() }),
  v.transform((row) => ({ ...row, name: row.name.toUpperCase() })),
);

function holdsRemote(node: Node): boolean {
  if (node.kind === "list") return holdsRemote(node.item);
  if (node.kind === "maybe") return holdsRemote(node.inner);
  if (node.kind === "object") return Object.values(node.fields).some(holdsRemote);
  return node.kind === "remote";
}

/** A value that fits, mostly: columns always do, because nobody checks them. */
export function randomValue(random: Random, node: Node): unknown {
  if (node.kind !== "column" && node.kind !== "maybe" && holdsRemote(node) && random.chance(0.01))
    return random.pick([undefined, null, 7, "x", {}, []]);
  switch (node.kind) {
    case "column":
      return node.change === "default" && random.chance(0.3)
        ? undefined
        : random.pick([" a ", "b"]);
    case "remote": {
      const id = random.below(IDS + 1);
      if (node.id === "pair") return { owner: random.below(IDS), id };
      return node.id === "number" ? id : String(id);
    }
    case "list":
      return random.list(3, () => randomValue(random, node.item));
    case "maybe": {
      const none = node.type === "nullable" ? null : undefined;
      return random.chance(0.3) ? none : randomValue(random, node.inner);
    }
    case "object": {
      const row: Record<string, unknown> = {};
      for (const [name, field] of Object.entries(node.fields)) {
        const value = randomValue(random, field);
        if (value !== undefined) row[name] = value;
      }
      return row;
    }
  }
}
