import type { QueueInspector, TakenMessage } from "../transport/queue_inspector.ts";

/** How many messages are taken at a time where some of them stay. */
export const BATCH = 250;

/** How many where all are ended, which the broker is told of in small numbers. */
export const BATCH_TO_END = 30;

/**
 * Goes through the messages that are in a queue when this begins, the oldest first. Those that nobody ended go back in the
 * end, all together: one that went back before would come again as the next.
 *
 * @param inspector closed in the end, also after a failure
 * @param onBatch tells whether to go on
 */
export async function goThrough(
  inspector: QueueInspector,
  queue: string,
  { atMost, batch: size }: { readonly atMost: number; readonly batch: number },
  onBatch: (batch: readonly TakenMessage[]) => boolean | Promise<boolean>,
): Promise<void> {
  try {
    const { messages = 0 } = (await inspector.find(queue)) ?? {};
    let rest = Math.min(messages, atMost);
    while (rest > 0) {
      const batch = await inspector.take(queue, Math.min(rest, size));
      if (batch.length === 0 || !(await onBatch(batch))) break;
      rest -= batch.length;
    }
  } catch (error) {
    // The first error tells more than that of the end.
    await inspector.close().catch(() => {});
    throw error;
  }
  await inspector.close();
}
