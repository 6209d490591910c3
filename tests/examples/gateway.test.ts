import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";

import { brokerURL, deleteQueue, needsBroker } from "../support/broker.ts";
import { onceOnNode } from "../support/once_on_node.ts";
import { runScript } from "../support/run_script.ts";

const main = fileURLToPath(new URL("../../examples/gateway/main.ts", import.meta.url));

const expected = `POST /call/math.add {"a":2,"b":3}
  200 5
POST /call/math.add {"a":2,"b":"3"}
  422 {"code":"invalid_input","issues":[{"message":"Invalid type: Expected number but received \\"3\\"","path":["b"]}]}
POST /call/text.running null
  404 {"code":"no_route"}
GET /stream/text.words after 0
  200
  A reply that
GET /stream/text.words after 3
  200
  comes word by word can be read while it is still being made.
`;

describe("the example of a gateway for browsers", () => {
  it("answers calls, and goes on with a stream after the last event, in one process", async () => {
    const { exitCode, stdout, stderr } = await runScript(main);
    assert.equal(exitCode, 0, stderr);
    assert.equal(stdout, expected, stderr);
  });

  it("does so for a worker of its own", brokerURL ? onceOnNode : needsBroker, async () => {
    const environment = { AMQP_URL: brokerURL ?? "" };
    try {
      const { exitCode, stdout, stderr } = await runScript(main, { environment });
      assert.equal(exitCode, 0, stderr);
      assert.equal(stdout, expected, stderr);
    } finally {
      for (const route of ["math.add", "text.words", "text.running"]) await deleteQueue(route);
    }
  });
});
