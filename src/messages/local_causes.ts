/** How many errors are kept. Older ones belong to calls that nobody waits for any more. */
const MAX_KEPT = 100;

const causes = new Map<string, unknown>();

/** Keeps what a handler threw for its caller, who is in this process: it is not told over the wire. */
export function keepCause(id: string, error: unknown): void {
  causes.set(id, error);
  const [oldest] = causes.keys();
  if (causes.size > MAX_KEPT && oldest !== undefined) causes.delete(oldest);
}

/** What was kept for the failure whose data this is; `undefined` when its handler ran in another process. */
export function takeCause(data: unknown): unknown {
  if (causes.size === 0 || typeof data !== "object" || data === null || !("id" in data))
    return undefined;
  const { id } = data;
  if (typeof id !== "string") return undefined;
  const error = causes.get(id);
  causes.delete(id);
  return error;
}
