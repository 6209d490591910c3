import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { JobPublisher } from "../../src/jobs/job_publisher.ts";
import type { OutgoingMessage, Transport } from "../../src/transport/transport.ts";

describe("a publisher of jobs", () => {
  it("keeps their order while its link opens", async () => {
    const order: string[] = [];
    const link = {
      publish: async ({ id }: OutgoingMessage) => {
        order.push(id);
        return "stored" as const;
      },
      close: async () => {},
    };
    const transport = { openPublisher: () => link } as Partial<Transport> as Transport;
    const publisher = new JobPublisher(Promise.resolve(transport));
    const ids = Array.from({ length: 20 }, (_, n) => `job-${n}`);
    const sent: Promise<unknown>[] = [];
    for (const id of ids) {
      const message = { id, type: undefined, contentType: undefined, body: "1", headers: {} };
      sent.push(publisher.publish(message, { key: "k" }, Infinity));
      // As a loop over the jobs of a list does.
      await Promise.resolve();
    }
    await Promise.all(sent);
    assert.deepEqual(order, ids);
    await publisher.close();
  });
});
