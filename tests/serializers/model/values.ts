import { itemsOf } from "./model.ts";
import type { Node, ObjectNode } from "./nodes.ts";
import { IDS, remotesOf, sourceOf } from "./nodes.ts";
import type { Random } from "./random.ts";
import { partNames, sourceName } from "./schemas.ts";

/** A value that fits, mostly: columns always do, because nobody checks them. */
export function randomValue(random: Random, node: Node): unknown {
  if (node.kind !== "column" && node.kind !== "maybe" && random.chance(0.01)) {
    if (node.kind === "tuple") return random.pick([undefined, null, 7, "x"]);
    if (remotesOf(node).length > 0) return random.pick([undefined, null, 7, "x", {}, []]);
  }
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
    case "tuple": {
      const { items, rest } = node;
      const further = rest ? random.list(2, () => randomValue(random, rest)) : [];
      return [...items.map((item) => randomValue(random, item)), ...further];
    }
    case "record":
      return defined(
        random.list(3, (index) => [`k${index}`, randomValue(random, node.value)] as const),
      );
    case "maybe": {
      const none = { nullable: null, optional: undefined, nullish: random.pick([null, undefined]) };
      return random.chance(0.3) ? none[node.type] : randomValue(random, node.inner);
    }
    case "object":
      return randomFields(random, node);
    case "choice": {
      const type = random.pick(["a", "b"]);
      const fields = randomFields(random, node.options[type]);
      return { type: random.chance(0.01) ? "c" : type, ...fields };
    }
  }
}

function randomFields(random: Random, { fields }: ObjectNode): Record<string, unknown> {
  return defined(
    Object.entries(fields).map(([name, field]) => [name, randomValue(random, field)] as const),
  );
}

function defined(entries: readonly (readonly [string, unknown])[]): Record<string, unknown> {
  return Object.fromEntries(entries.filter(([, value]) => value !== undefined));
}

/** The row of a value: the same, with what has a source where that says. */
export function toRow(random: Random, node: Node, value: unknown): unknown {
  switch (node.kind) {
    case "column":
    case "remote":
      return value;
    case "maybe":
      return toRow(random, node.inner, value);
    case "list":
      return Array.isArray(value) ? value.map((item) => toRow(random, node.item, item)) : value;
    case "tuple":
      return Array.isArray(value)
        ? itemsOf(node, value).map((item, index) => toRow(random, item, value[index]))
        : value;
    case "record": {
      if (!isRecord(value)) return value;
      const entries = Object.entries(value);
      return Object.fromEntries(
        entries.map(([name, inner]) => [name, toRow(random, node.value, inner)]),
      );
    }
    case "object":
      return isRecord(value) ? toFields(random, node, value) : value;
    case "choice": {
      const option = isRecord(value) && node.options[value["type"] as "a" | "b"];
      if (!option) return value;
      return { type: value["type"], ...toFields(random, option, value) };
    }
  }
}

function toFields(
  random: Random,
  { fields }: ObjectNode,
  value: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  const row: Record<string, unknown> = {};
  for (const [name, field] of Object.entries(fields)) {
    const has = Object.hasOwn(value, name);
    const inner = has ? toRow(random, field, value[name]) : undefined;
    switch (sourceOf(field)) {
      case "own":
        if (has) row[name] = inner;
        break;
      case "plain":
        if (has) row[sourceName(field, name)] = inner;
        break;
      case "dotted":
        // Without the inner object the value is null.
        if (has) row[`in_${name}`] = inner === null && random.chance(0.5) ? null : { value: inner };
        else if (random.chance(0.5)) row[`in_${name}`] = {};
        break;
      case "parts": {
        if (!has) break;
        const [owner] = partNames(name);
        // What is not an object has no parts; these are not parts of an id either.
        const parts = isRecord(inner) && "owner" in inner ? inner : { owner: "x", id: "x" };
        row[owner] = inner === null ? null : parts["owner"];
        row[`in_${name}`] = inner === null && random.chance(0.5) ? null : { id: parts["id"] };
      }
    }
  }
  return row;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
