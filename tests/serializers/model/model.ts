import type { Node, ObjectNode, Remote } from "./nodes.ts";
import { isDefault, isMany, isNone, mayBeAbsent } from "./nodes.ts";
import type { RemoteTables, TableRow } from "./remote_tables.ts";

/** What may be wrong: rows, replies, or a route. */
export type Problem = "validation" | "protocol" | "route";

const MISSING = Symbol("missing");

export interface ModelOptions {
  /** Whether what fails is null, as `settle()` says. */
  readonly settles?: boolean;
  /** The relations that are wanted; all of them without. */
  readonly include?: readonly string[] | undefined;
  readonly locale: string;
}

/** What docs/serializers.md says of `serialize()`, a row after the other, without any thought for calls. */
export class SerializeModel {
  readonly problems = new Set<Problem>();
  /** The fields and ids that failed. */
  readonly failures = new Set<string>();
  /** Those of rows that were of no use themselves: they may be told or not. */
  readonly moot = new Set<string>();
  readonly #tables: RemoteTables;
  readonly #options: ModelOptions;

  constructor(tables: RemoteTables, options: ModelOptions) {
    this.#tables = tables;
    this.#options = options;
  }

  /** @param kind the problem that a value which does not fit is */
  represent(node: Node, value: unknown, kind: Problem, path = ""): unknown {
    switch (node.kind) {
      case "column":
        if (node.change === "none") return value;
        if (node.change === "default" && value === undefined) return "none";
        if (node.change === "default") return value;
        // What a schema changes it checks before.
        return typeof value === "string" ? value.trim() : this.#problem(kind);
      case "remote":
        return this.#remote(node, value, kind, path);
      case "list":
        if (!Array.isArray(value)) return this.#problem(kind);
        return value.map((item) => this.represent(node.item, item, kind, path));
      case "tuple":
        if (isCopied(node)) return value;
        if (!Array.isArray(value)) return this.#problem(kind);
        return itemsOf(node, value).map((item, index) =>
          this.represent(item, value[index], kind, path),
        );
      case "record": {
        if (typeof value !== "object" || value === null) return this.#problem(kind);
        const entries = Object.entries(value);
        return Object.fromEntries(
          entries.map(([name, inner]) => [name, this.represent(node.value, inner, kind, path)]),
        );
      }
      case "maybe":
        if (isNone(node, value)) return value;
        if ((value === null || value === undefined) && !isColumn(node.inner)) return value;
        return this.represent(node.inner, value, kind, path);
      case "object":
        return this.#object(node, value, kind, path);
      case "choice": {
        const { type } = (value ?? {}) as TableRow;
        if (type !== "a" && type !== "b") return this.#problem(kind);
        const option = this.#object(node.options[type], value, kind, path);
        return option && { type, ...option };
      }
    }
  }

  #object(
    node: ObjectNode,
    value: unknown,
    kind: Problem,
    path: string,
  ): Record<string, unknown> | undefined {
    if (typeof value !== "object" || value === null) return this.#problem(kind);
    const merged: Record<string, unknown> = {};
    for (const [name, field] of Object.entries(node.fields)) {
      const fieldPath = path === "" ? name : `${path}.${name}`;
      if (isMany(field) && !this.#isWanted(fieldPath)) continue;
      const held = name === "pair" ? pairIn(value) : (value as TableRow);
      if (name in held) merged[name] = this.represent(field, held[name], kind, fieldPath);
      else if (isDefault(field)) merged[name] = "none";
      else if (!mayBeAbsent(field)) this.#problem(kind);
    }
    return merged;
  }

  #isWanted(path: string): boolean {
    const { include } = this.#options;
    return !include || include.some((name) => name === path || name.startsWith(`${path}.`));
  }

  #remote(node: Remote, id: unknown, kind: Problem, path: string): unknown {
    const isWanted = this.#isWanted(path);
    if (id === null || id === undefined) {
      if (!isWanted) return id;
      if (node.many) return [];
      return node.onMissing === "error" ? this.#problem(kind) : (id ?? null);
    }
    if (!fitsId(node, id)) return this.#problem(kind);
    if (!isWanted) return id;
    const before = new Set(this.problems);
    const told = new Set(this.failures);
    this.problems.clear();
    const found = this.#found(node, id, path);
    const inner = new Set(this.problems);
    this.problems.clear();
    for (const problem of before) this.problems.add(problem);
    const isMissing = inner.size === 0 && found === MISSING;
    if (inner.size === 0 && !isMissing) return found;
    for (const failure of this.failures) {
      if (told.has(failure)) continue;
      this.failures.delete(failure);
      this.moot.add(failure);
    }
    if (this.#options.settles) this.failures.add(`${path}:${JSON.stringify(id)}`);
    // That nobody knows an id is not an error of its route.
    else if (isMissing) this.problems.add(kind);
    else if (node.onError !== "null") for (const problem of inner) this.problems.add(problem);
    return null;
  }

  #found(node: Remote, id: unknown, path: string): unknown {
    const health = this.#tables.health[node.route];
    if (health !== "well") return this.#problem(health === "rubbish" ? "protocol" : "route");
    const rows = this.#tables.rowsOf(node, id, this.#options.locale);
    if (node.many) return rows.map((row) => this.#row(node, row, path));
    const [row] = rows;
    if (row) return this.#row(node, row, path);
    if (node.onMissing === "keep") return id;
    return node.onMissing === "error" ? MISSING : null;
  }

  #row(node: Remote, row: TableRow, path: string): unknown {
    if (node.checked && typeof row["name"] !== "string") return this.#problem("protocol");
    const checked = node.checked ? { ...row, name: String(row["name"]).toUpperCase() } : row;
    return node.nested ? this.represent(node.nested, checked, "protocol", path) : checked;
  }

  #problem(problem: Problem): undefined {
    this.problems.add(problem);
    return undefined;
  }
}

/** What the items of a list that is a tuple are. */
export function itemsOf(
  { items, rest }: Extract<Node, { kind: "tuple" }>,
  { length }: readonly unknown[],
): readonly Node[] {
  if (!rest || length <= items.length) return items;
  return [...items, ...Array.from({ length: length - items.length }, () => rest)];
}

/** Whether a value is an id of the field's kind. */
export function fitsId({ id: type }: Remote, id: unknown): boolean {
  if (type !== "pair") return typeof id === (type === "number" ? "number" : "string");
  const { owner, id: own } = (id ?? {}) as TableRow;
  return typeof owner === "number" && typeof own === "number";
}

/** The pair of a remote row, whose parts are two of its fields. Where one is missing there is no id. */
function pairIn(row: object): TableRow {
  const { a: owner, b: id } = row as TableRow;
  if (owner === undefined && id === undefined) return {};
  const isNone = owner === undefined || owner === null || id === undefined || id === null;
  return { pair: isNone ? null : { owner, id } };
}

/** Whether nothing in there changes, so that nobody looks. A tuple without a rest leaves out further items. */
function isCopied(node: Node): boolean {
  if (node.kind === "column") return node.change === "none";
  if (node.kind === "list") return isCopied(node.item);
  if (node.kind === "maybe") return isCopied(node.inner);
  if (node.kind === "record") return isCopied(node.value);
  return (
    node.kind === "tuple" && node.rest !== undefined && [...node.items, node.rest].every(isCopied)
  );
}

/** A column, whatever is around it. */
function isColumn(node: Node): boolean {
  return node.kind === "column" || (node.kind === "maybe" && isColumn(node.inner));
}
