import { parseArgs } from "node:util";

import { findPayload, type Payload, payloads } from "./payloads.ts";
import { findRow, type RowEntry, rows } from "./rows/rows.ts";

export interface Options {
  readonly quick: boolean;
  readonly runtime: string | undefined;
  readonly rows: readonly RowEntry[];
  readonly payloads: readonly Payload[];
  /** Whether this is the run that results are published from: everything, at full length. */
  readonly complete: boolean;
}

export const usage = `npm run bench -- [--quick] [--runtime node|deno|bun|node26|…] [--rows ${rows
  .map(({ id }) => id)
  .join(",")}] [--payload ${payloads.map(({ id }) => id).join(",")}]`;

/** Reads the command line. The limit is always among the rows, as it is what the others are compared with. */
export function readOptions(args: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...args],
    options: {
      quick: { type: "boolean", default: false },
      runtime: { type: "string" },
      rows: { type: "string" },
      payload: { type: "string" },
    },
  });
  const chosenRows =
    values.rows === undefined ? rows : ["limit", ...split(values.rows)].map(findRow);
  const chosenPayloads =
    values.payload === undefined
      ? payloads.slice(0, values.quick ? 1 : undefined)
      : split(values.payload).map(findPayload);
  return {
    quick: values.quick,
    runtime: values.runtime,
    rows: [...new Set(chosenRows)],
    payloads: chosenPayloads,
    complete: !values.quick && values.rows === undefined && values.payload === undefined,
  };
}

function split(list: string): string[] {
  return list.split(",").map((item) => item.trim());
}
