import DataLoader from "dataloader";
import * as v from "valibot";

import { configure, remoteField, rpcTasks, serializer } from "../../mod.ts";

/** A row with the id of an image that another service owns. */
export interface UserRow {
  readonly id: number;
  readonly username: string;
  readonly image: number;
}

interface Image {
  readonly id: number;
  readonly path: string;
}

export function makeRows(count: number, distinct: number): UserRow[] {
  return Array.from({ length: count }, (_, id) => ({
    id,
    username: `user ${id}`,
    image: id % distinct,
  }));
}

configure({ environment: "test" });
const images = rpcTasks("images.byIds", (ids: number[]) => makeImages(ids));

/** Another service in this process: the same for every subject, so that only the joins differ. */
async function fetchImages(ids: readonly number[]): Promise<Image[]> {
  return makeImages(ids);
}

function makeImages(ids: readonly number[]): Image[] {
  return ids.map((id) => ({ id, path: `/${id}.jpg` }));
}

const client = { call: (_route: string, ids: unknown) => fetchImages(ids as number[]) };
const columns = { id: v.number(), username: v.string() };

const plain = serializer(
  v.object({ ...columns, image: remoteField(v.number(), { route: images }) }),
  { client },
);

const validating = serializer(
  v.object({
    ...columns,
    image: remoteField(v.number(), {
      route: images,
      schema: v.object({ id: v.number(), path: v.string() }),
    }),
  }),
  { client, checkRows: true },
);

const overLoopback = serializer(plain.schema);

/** A way to put images in the place of their ids. */
export type Join = (rows: UserRow[]) => Promise<readonly unknown[]>;

export const joins = {
  serializer: (rows) => plain.serialize(rows),
  "serializer, validating rows and replies": (rows) => validating.serialize(rows),
  dataloader: (rows) => {
    const loader = new DataLoader<number, Image>((ids) => fetchImages(ids));
    return Promise.all(rows.map(async (row) => ({ ...row, image: await loader.load(row.image) })));
  },
  "bare Map": async (rows) => {
    const found = await fetchImages([...new Set(rows.map((row) => row.image))]);
    const byId = new Map(found.map((image) => [image.id, image]));
    return rows.map((row) => ({ ...row, image: byId.get(row.image) ?? null }));
  },
} satisfies Record<string, Join>;

/** With the call and its JSON, as in a service. */
export const serializeOverLoopback: Join = (rows) => overLoopback.serialize(rows);

export function streamOverLoopback(): ReadableWritablePair<{ image: unknown }, UserRow> {
  return overLoopback.stream({ batchSize: 1_000 });
}
