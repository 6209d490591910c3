import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";

import { python } from "../foreign/python_peer.ts";
import { brokerURL, deleteQueue, refusesTransientQueues } from "../support/broker.ts";
import { runScript } from "../support/run_script.ts";

const main = fileURLToPath(new URL("../../examples/python/main.ts", import.meta.url));
const needsPython = {
  skip: !brokerURL
    ? "needs a broker"
    : !python
      ? "needs python3 with pika"
      : refusesTransientQueues &&
        "its service declares a transient queue, which this broker refuses",
} as const;

describe("the example with a Python service", () => {
  it("lets each service call the other", needsPython, async () => {
    try {
      const environment = { AMQP_URL: brokerURL ?? "", PYTHON: python ?? "" };
      const { exitCode, stdout, stderr } = await runScript(main, { environment });
      assert.equal(exitCode, 0, stderr);
      const [users = "", ...captions] = stdout.trimEnd().split("\n");
      assert.deepEqual(JSON.parse(users), [
        { id: 1, name: "Tom", photo: { id: 7, path: "/images/7.jpg" } },
        { id: 2, name: "Bob", photo: { id: 8, path: "/images/8.jpg" } },
        { id: 3, name: "Ann", photo: null },
      ]);
      assert.deepEqual(captions, [
        "A photo of Tom",
        "A photo of somebody unknown: {'id': ['There is no such user.']}",
      ]);
    } finally {
      for (const route of ["photos.byIds", "photos.caption", "members.name"])
        await deleteQueue(route);
    }
  });
});
