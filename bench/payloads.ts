/** What is sent and comes back. */
export interface Payload {
  readonly id: string;
  readonly title: string;
  readonly value: unknown;
}

/** A single row, a page of rows, a list of 500 rows: what services send each other. */
export const payloads: readonly Payload[] = [
  { id: "50B", title: "50 B", value: { id: 1_234_567, name: "Tom Sawyer", active: true } },
  { id: "2KB", title: "2 KB", value: createRows(10) },
  { id: "100KB", title: "100 KB", value: createRows(500) },
];

export function findPayload(id: string): Payload {
  const payload = payloads.find((payload) => payload.id === id);
  if (!payload)
    throw new Error(
      `Cannot find the payload ${id} among ${payloads.map(({ id }) => id).join(", ")}`,
    );
  return payload;
}

// About 200 bytes each.
function createRows(count: number): unknown {
  return Array.from({ length: count }, (_, index) => ({
    id: 1_000 + index,
    path: `/images/2026/11/${1_000 + index}.jpg`,
    width: 1_920,
    height: 1_080,
    tags: ["river", "boat"],
    description: "A raft on the Mississippi in the evening, seen from the island downstream.",
  }));
}
