import type { PrivateBroker } from "../../support/private_broker.ts";

/**
 * How many messages a queue has, those at a worker and those on their way to another queue too. RabbitMQ tells this of
 * quorum queues up to five seconds late.
 */
export async function messagesIn(broker: PrivateBroker, queue: string): Promise<number> {
  return (await queueCounts(broker)).get(queue) ?? 0;
}

/** The same of all queues, by name. */
export async function queueCounts({ node }: PrivateBroker): Promise<ReadonlyMap<string, number>> {
  const rows = await node.ctl("-q", "list_queues", "name", "messages", "--no-table-headers");
  return new Map(
    rows
      .split("\n")
      .filter((row) => row.includes("\t"))
      .map((row) => {
        const [name = "", messages] = row.split("\t");
        return [name, Number(messages)] as const;
      }),
  );
}
