import type { Random } from "./random.ts";

/** A part of a schema, as data: what the library gets is made of it, and what the model expects is read from it. */
export type Node =
  | Column
  | Remote
  | ListNode
  | TupleNode
  | RecordNode
  | MaybeNode
  | ObjectNode
  | ChoiceNode;

/** Where a row has a value: under the field's name, under another, in an inner object, or in an attribute for each part. */
export type Source = "own" | "plain" | "dotted" | "parts";

interface Column {
  readonly kind: "column";
  /** What the schema does with the text: nothing, trim it, or put "none" where it is absent. */
  readonly change: "none" | "trim" | "default";
  readonly source: Source;
}

export interface Remote {
  readonly kind: "remote";
  readonly route: string;
  /** A pair is of two fields of the remote row. */
  readonly id: "number" | "text" | "pair";
  /** The request: a bare list, one beside a key, or also beside params of the context or the fields that are needed. */
  readonly request: "list" | "key" | "params" | "select";
  readonly maxBatch: number;
  readonly onMissing: "null" | "keep" | "error";
  readonly onError: "throw" | "null";
  /** Whether a schema demands a name and writes it in capitals. */
  readonly checked: boolean;
  readonly many: boolean;
  readonly nested: ObjectNode | undefined;
  readonly source: Source;
}

interface ListNode {
  readonly kind: "list";
  readonly item: Node;
}

/** A list of two items, and of further ones where it has a rest. */
interface TupleNode {
  readonly kind: "tuple";
  readonly items: readonly [Node, Node];
  readonly rest: Node | undefined;
}

interface RecordNode {
  readonly kind: "record";
  readonly value: Node;
}

interface MaybeNode {
  readonly kind: "maybe";
  readonly type: "nullable" | "optional" | "nullish";
  readonly inner: Node;
}

export interface ObjectNode {
  readonly kind: "object";
  readonly fields: Readonly<Record<string, Node>>;
  /** Whether the schema is an intersection of two objects, each with some of the fields. */
  readonly isSplit: boolean;
}

/** An object of one of two types, told apart by its field "type". */
interface ChoiceNode {
  readonly kind: "choice";
  readonly schema: "variant" | "union";
  readonly options: Readonly<Record<"a" | "b", ObjectNode>>;
}

export const ROUTES = ["r0", "r1", "r2"] as const;

/** How many ids the remote tables may know; a few more are asked for. */
export const IDS = 6;

/** Names of a remote row's fields, and what is there. */
const REMOTE_FIELDS = ["name", "a", "b", "list", "owned", "pair"] as const;

export function randomObject(random: Random, depth: number): ObjectNode {
  const names = Array.from({ length: 1 + random.below(4) }, (_, index) => `f${index}`);
  return {
    kind: "object",
    fields: Object.fromEntries(names.map((name) => [name, randomNode(random, depth)])),
    isSplit: random.chance(0.15),
  };
}

/** @param outer what is around it: the field itself, its lists, or what has no field of its own for it */
function randomNode(
  random: Random,
  depth: number,
  outer: "field" | "list" | "inside" = "field",
): Node {
  const dice = random.next();
  if (dice < 0.4) {
    const remote = randomRemote(random, 2);
    if (outer === "inside") return { ...remote, many: false, source: "own" };
    const isParts = remote.source === "parts" && outer === "list";
    return isParts ? { ...remote, source: "plain" } : remote;
  }
  if (dice < 0.55 || depth === 0) {
    const source = outer === "inside" ? "own" : randomSource(random);
    return { kind: "column", change: random.pick(["none", "trim", "default"]), source };
  }
  if (dice < 0.67) {
    const item = randomNode(random, depth - 1, outer === "field" ? "list" : outer);
    return { kind: "list", item };
  }
  if (dice < 0.8)
    return {
      kind: "maybe",
      type: random.pick(["nullable", "optional", "nullish"]),
      inner: randomNode(random, depth - 1, outer),
    };
  const inside = (): Node => randomNode(random, depth - 1, "inside");
  if (dice < 0.83) {
    const rest = random.chance(0.3) ? inside() : undefined;
    return { kind: "tuple", items: [inside(), inside()], rest };
  }
  if (dice < 0.86) return { kind: "record", value: inside() };
  const object = (): ObjectNode => randomObject(random, depth - 1);
  if (dice >= 0.92) return object();
  const schema = random.pick(["variant", "union"]);
  return { kind: "choice", schema, options: { a: object(), b: object() } };
}

function randomSource(random: Random): Source {
  return random.pick(["own", "own", "own", "plain", "dotted"]);
}

function randomRemote(random: Random, levels: number): Remote {
  const many = random.chance(0.15);
  const id = random.chance(0.6) ? "number" : many ? "text" : random.pick(["text", "pair"]);
  const nested = levels > 0 && random.chance(0.4) ? randomNested(random, levels - 1) : undefined;
  const request = random.pick(["list", "list", "key", "params", "select"]);
  return {
    kind: "remote",
    route: random.pick(ROUTES),
    id,
    request,
    maxBatch: random.chance(0.9) ? 10_000 : 1 + random.below(2),
    onMissing: many ? "null" : random.pick(["null", "null", "keep", "error"]),
    onError: random.pick(["throw", "null"]),
    // The name may not be among the fields that are selected.
    checked: request !== "select" && random.chance(0.2),
    many,
    nested,
    source: id === "pair" && random.chance(0.4) ? "parts" : randomSource(random),
  };
}

function randomNested(random: Random, levels: number): ObjectNode {
  const fields: Record<string, Node> = {};
  for (const name of REMOTE_FIELDS) {
    if (!random.chance(0.5)) continue;
    const remote: Remote = {
      ...randomRemote(random, levels),
      id: "number",
      many: false,
      source: "own",
    };
    if (name === "name")
      fields[name] = { kind: "column", change: random.pick(["none", "trim"]), source: "own" };
    else if (name === "a") fields[name] = remote;
    else if (name === "b") fields[name] = { kind: "maybe", type: "nullable", inner: remote };
    else if (name === "list") fields[name] = { kind: "list", item: remote };
    else if (name === "owned") fields["id"] = { ...remote, many: true, onMissing: "null" };
    else fields["pair"] = { ...remote, id: "pair", source: "parts" };
  }
  // One without relations is checked as a whole, and remote rows have what does not fit.
  const isSplit = Object.keys(fields).some((name) => name !== "name") && random.chance(0.15);
  return { kind: "object", fields, isSplit };
}

/** The node without lists and what may be absent around it. */
export function coreOf(node: Node): Node {
  if (node.kind === "list") return coreOf(node.item);
  return node.kind === "maybe" ? coreOf(node.inner) : node;
}

/** The source of a field. */
export function sourceOf(node: Node): Source {
  const core = coreOf(node);
  return core.kind === "column" || core.kind === "remote" ? core.source : "own";
}

/** The remote fields of a node, by the names that lead to them. */
export function remotesOf(node: Node, path = ""): [path: string, remote: Remote][] {
  switch (node.kind) {
    case "column":
      return [];
    case "remote":
      return [[path, node]];
    case "list":
      return remotesOf(node.item, path);
    case "tuple":
      return [...node.items, ...(node.rest ? [node.rest] : [])].flatMap((item) =>
        remotesOf(item, path),
      );
    case "record":
      return remotesOf(node.value, path);
    case "maybe":
      return remotesOf(node.inner, path);
    case "object":
      return Object.entries(node.fields).flatMap(([name, field]) =>
        remotesOf(field, path === "" ? name : `${path}.${name}`),
      );
    case "choice":
      return Object.values(node.options).flatMap((option) => remotesOf(option, path));
  }
}

/** Whether a value is the null or undefined that may stand in place of another. */
export function isNone({ type }: MaybeNode, value: unknown): boolean {
  return (value === null && type !== "optional") || (value === undefined && type !== "nullable");
}

/** Whether an object may go without the field. */
export function mayBeAbsent(node: Node): boolean {
  return isDefault(node) || (node.kind === "maybe" && node.type !== "nullable");
}

export function isDefault(node: Node): boolean {
  return node.kind === "column" && node.change === "default";
}

export function isMany(node: Node): boolean {
  const core = coreOf(node);
  return core.kind === "remote" && core.many;
}
