import { FailResponseError, ProtocolError, RemoteLoader, ValidationError } from "../../../mod.ts";
import type { Problem } from "./model.ts";
import type { ObjectNode } from "./nodes.ts";
import { randomObject, remotesOf } from "./nodes.ts";
import { Random } from "./random.ts";
import { RemoteTables } from "./remote_tables.ts";
import { randomValue, toRow } from "./values.ts";

/** A random schema, rows and tables. */
export interface RowCase {
  readonly random: Random;
  readonly node: ObjectNode;
  readonly tables: RemoteTables;
  readonly values: readonly unknown[];
  readonly rows: readonly object[];
  readonly locale: string;
}

export function randomCase(seed: number, most = 4): RowCase {
  const random = new Random(seed);
  const node = randomObject(random, 2);
  const tables = new RemoteTables(random);
  const values = random.list(most, () => randomValue(random, node));
  const rows = values.map((value) => toRow(random, node, value) as object);
  return { random, node, tables, values, rows, locale: random.pick(["uz", "en"]) };
}

/** Often none. */
export function randomLoader(random: Random): RemoteLoader | undefined {
  if (random.chance(0.7)) return undefined;
  return new RemoteLoader({
    wait: "microtask",
    ...(random.chance(0.3) && { max: 1 + random.below(4) }),
  });
}

/** Some of the relations, those of remote rows included; often all of them. */
export function randomInclude(random: Random, node: ObjectNode): string[] | undefined {
  if (random.chance(0.7)) return undefined;
  return relationsOf(node).filter(() => random.chance(0.4));
}

function relationsOf(node: ObjectNode, outer = ""): string[] {
  return remotesOf(node, outer).flatMap(([path, { nested }]) => [
    path,
    ...(nested ? relationsOf(nested, path) : []),
  ]);
}

export function problemOf(error: unknown): Problem | undefined {
  if (error instanceof ValidationError) return "validation";
  if (error instanceof ProtocolError) return "protocol";
  if (error instanceof FailResponseError || (error as Error).message === "down") return "route";
  return undefined;
}

/** Without what JSON does not have. */
export function plain(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value));
}
