import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { dueTopology, fitsLadder } from "../../src/jobs/delay_ladder.ts";
import {
  checkJobRoute,
  deadQueueName,
  jobQueueName,
  jobTopology,
} from "../../src/jobs/job_queues.ts";

describe("the queue of a job", () => {
  it("is a quorum queue that hands what it gives up to its dead letters, and loses nothing then", () => {
    const records = jobTopology("images.resize", undefined);
    assert.deepEqual(records, [
      ...dueTopology(),
      {
        kind: "queue",
        name: "bgtasks.dead.bgtasks.job.images.resize",
        arguments: { "x-queue-type": "quorum", "x-delivery-limit": 1_000_000 },
      },
      {
        kind: "queue",
        name: "bgtasks.job.images.resize",
        arguments: {
          "x-queue-type": "quorum",
          "x-overflow": "reject-publish",
          "x-dead-letter-exchange": "",
          "x-dead-letter-routing-key": "bgtasks.dead.bgtasks.job.images.resize",
          "x-dead-letter-strategy": "at-least-once",
          "x-delivery-limit": 20,
          "x-consumer-timeout": 2_147_543_647,
        },
      },
      {
        kind: "binding",
        source: "bgtasks.v1.delay.due",
        target: { kind: "queue", name: "bgtasks.job.images.resize" },
        key: "#.bgtasks%2Ejob%2Eimages%2Eresize",
      },
    ]);
  });

  it("takes messages of a foreign exchange, which is declared as Python does", () => {
    const records = jobTopology("mail.send", "default");
    assert.deepEqual(records.slice(jobTopology("mail.send", undefined).length), [
      {
        kind: "exchange",
        name: "default",
        type: "topic",
        durable: false,
        foreign: true,
        arguments: {},
      },
      {
        kind: "binding",
        source: "default",
        target: { kind: "queue", name: "bgtasks.job.mail.send" },
        key: "mail.send",
      },
    ]);
  });
});

describe("checkJobRoute()", () => {
  it("takes what fits into the names of queues and the routing key of a delay", () => {
    for (const route of ["a", "images.resize", "r".repeat(180), "ä".repeat(90), ".".repeat(60)]) {
      checkJobRoute(route);
      assert.ok(fitsLadder(jobQueueName(route)));
      assert.ok(new TextEncoder().encode(deadQueueName(jobQueueName(route))).length <= 255);
    }
  });

  it("refuses what does not, and tells how much it takes", () => {
    for (const [route, bytes] of [
      ["r".repeat(181), 181],
      ["ä".repeat(91), 182],
      [".".repeat(61), 183],
    ] as const) {
      assert.throws(() => checkJobRoute(route), {
        code: "invalid_route",
        message: new RegExp(`^Cannot use this route for a job, because it takes ${bytes} bytes`),
      });
    }
  });

  it("refuses what is not a route at all as calls do", () => {
    for (const route of [undefined, 7, "", "amq.topic", "a\nb", "a\r", "r".repeat(256)])
      assert.throws(() => checkJobRoute(route), { code: "invalid_route" });
  });
});
