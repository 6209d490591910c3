/** Everything that comes, as a list. */
export async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = [];
  for await (const item of items) list.push(item);
  return list;
}

/** Everything that comes before the error that ends it, and that error. Fails when none does. */
export async function collectUntilError<T>(
  items: AsyncIterable<T>,
): Promise<{ readonly items: T[]; readonly error: unknown }> {
  const list: T[] = [];
  try {
    for await (const item of items) list.push(item);
  } catch (error) {
    return { items: list, error };
  }
  throw new Error(`it ended without an error, after ${list.length} items`);
}
