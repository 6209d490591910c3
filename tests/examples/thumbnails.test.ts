import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";

import { deadQueueName, jobQueueName } from "../../src/jobs/job_queues.ts";
import { brokerURL, deleteQueue, needsBroker } from "../support/broker.ts";
import { onceOnNode } from "../support/once_on_node.ts";
import { runScript } from "../support/run_script.ts";

const main = fileURLToPath(new URL("../../examples/thumbnails/main.ts", import.meta.url));

const expected = `PUT /images/river.png
  202 {"job":"thumbnail-river.png"}
GET /images/river.png/thumbnail
  200 {"format":"webp","width":100,"height":75}
GET /failed
  200 [{"id":"thumbnail-boat.png","reason":"attempts","attempts":3,"error":"the storage is away"}]
POST /failed/retry
  200 {"retried":1,"left":0}
GET /images/boat.png/thumbnail
  200 {"format":"webp","width":100,"height":75}
PUT /images/notes.txt
  202 {"job":"thumbnail-notes.txt"}
GET /failed
  200 [{"id":"thumbnail-notes.txt","reason":"given_up","attempts":1,"error":"notes.txt is not an image"}]
`;

describe("the example with thumbnails", () => {
  it("makes them, tries again, and retries dead letters in one process", async () => {
    const { exitCode, stdout, stderr } = await runScript(main);
    assert.equal(exitCode, 0, stderr);
    assert.equal(stdout, expected, stderr);
  });

  it("does so with a worker of its own", brokerURL ? onceOnNode : needsBroker, async () => {
    const environment = { AMQP_URL: brokerURL ?? "" };
    const queue = jobQueueName("thumbnails.make");
    try {
      const { exitCode, stdout, stderr } = await runScript(main, { environment });
      assert.equal(exitCode, 0, stderr);
      assert.equal(stdout, expected, stderr);
    } finally {
      for (const name of [queue, deadQueueName(queue)]) await deleteQueue(name);
    }
  });
});
