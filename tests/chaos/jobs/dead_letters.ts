import { AMQPClient } from "@cloudamqp/amqp-client";

import type { DeadReason } from "../../../src/jobs/dead_headers.ts";
import { readDeadState } from "../../../src/jobs/dead_headers.ts";

/** A dead letter, as a program of another library sees it. */
export interface Letter {
  readonly id: string;
  readonly reason: DeadReason;
}

/** Takes all messages out of a queue of dead letters. */
export async function takeLetters(url: string, queue: string): Promise<Letter[]> {
  const client = new AMQPClient(url);
  await client.connect();
  try {
    const channel = await client.channel();
    const letters: Letter[] = [];
    for (;;) {
      const message = await channel.basicGet(queue, { noAck: true });
      if (!message) return letters;
      const { messageId = "", headers = {} } = message.properties;
      letters.push({ id: messageId, reason: readDeadState(headers, queue).reason });
    }
  } finally {
    await client.close();
  }
}

/** Deletes a queue while it may have messages. */
export async function deleteQueue(url: string, queue: string): Promise<void> {
  const client = new AMQPClient(url);
  await client.connect();
  try {
    await (await client.channel()).queueDelete(queue);
  } finally {
    await client.close();
  }
}
