import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";

import { brokerURL, deleteQueue, needsBroker } from "../support/broker.ts";
import { runScript } from "../support/run_script.ts";
import { webAnswers } from "./web_answers.ts";

const main = fileURLToPath(new URL("../../examples/drizzle/main.ts", import.meta.url));

const [tom, bob, eve] = ["tom", "bob", "eve"].map((name, index) => ({
  id: index + 1,
  path: `/images/${name}.jpg`,
}));

function checkAnswers(stdout: string): void {
  assert.deepEqual(webAnswers(stdout), {
    "GET /users": [
      200,
      [
        { id: 1, username: "Tom", image: tom },
        { id: 2, username: "Bob", image: bob },
        { id: 3, username: "Ann", image: null },
      ],
    ],
    "GET /users/1": [200, { id: 1, username: "Tom", image: tom }],
    'POST /users {"username":"Eve","image":3}': [201, { id: 4, username: "Eve", image: eve }],
    'POST /users {"username":"X","image":9}': [
      400,
      { username: ["At least two letters."], image: ['Invalid pk "9" - object does not exist.'] },
    ],
  });
}

describe("the example with Hono and Drizzle", () => {
  it("lists, shows, checks and creates in one process", async () => {
    const { exitCode, stdout, stderr } = await runScript(main);
    assert.equal(exitCode, 0, stderr);
    checkAnswers(stdout);
  });

  it("does so with the images service in a process of its own", needsBroker, async () => {
    const environment = { AMQP_URL: brokerURL ?? "" };
    try {
      const { exitCode, stdout, stderr } = await runScript(main, { environment });
      assert.equal(exitCode, 0, stderr);
      checkAnswers(stdout);
    } finally {
      await deleteQueue("gallery.byIds");
    }
  });
});
