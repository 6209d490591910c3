import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";

import { buildApp } from "../../examples/fastify/users/app.ts";
import { configure } from "../../mod.ts";
import { brokerURL, deleteQueue, needsBroker } from "../support/broker.ts";
import { runScript } from "../support/run_script.ts";
import { webAnswers } from "./web_answers.ts";

const main = fileURLToPath(new URL("../../examples/fastify/main.ts", import.meta.url));

describe("the example with Fastify", () => {
  it("lists, shows, checks and creates, with a worker of its own", needsBroker, async () => {
    try {
      const environment = { AMQP_URL: brokerURL ?? "" };
      const { exitCode, stdout, stderr } = await runScript(main, { environment });
      assert.equal(exitCode, 0, stderr);
      const [tom, bob, eve] = [1, 2, 3].map((id) => ({ id, path: `/images/${id}.jpg` }));
      assert.deepEqual(webAnswers(stdout), {
        "GET /users": [
          200,
          [
            { id: 1, name: "Tom", avatar: tom },
            { id: 2, name: "Bob", avatar: bob },
            { id: 3, name: "Ann", avatar: null },
          ],
        ],
        "GET /users/1": [200, { id: 1, name: "Tom", avatar: tom }],
        'POST /users {"name":"Eve","avatar":3}': [201, { id: 4, name: "Eve", avatar: eve }],
        'POST /users {"name":"X","avatar":9}': [
          400,
          {
            name: ["At least two letters."],
            avatar: ['Invalid pk "9" - object does not exist.'],
          },
        ],
      });
    } finally {
      await deleteQueue("avatars.byIds");
    }
  });

  it("answers 503 while the images service is not there", async () => {
    configure({ environment: "test" });
    const app = buildApp();
    try {
      const response = await app.inject("/users");
      assert.equal(response.statusCode, 503, response.body);
      assert.deepEqual(response.json(), { detail: "Try again in a moment." });
    } finally {
      await app.close();
    }
  });
});
