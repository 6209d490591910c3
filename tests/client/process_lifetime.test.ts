import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";

import { Bench } from "../support/adapters.ts";
import { brokerURL, needsBroker } from "../support/broker.ts";
import { runScript } from "../support/run_script.ts";

const oneCall = fileURLToPath(new URL("./fixtures/one_call.ts", import.meta.url));

describe("a process with a client", () => {
  it(
    "lives until the reply came, and then ends though nobody closed the client, over RabbitMQ",
    needsBroker,
    async () => {
      await using bench = new Bench({ url: brokerURL, environment: "" }, true);
      bench.registry(bench.route(), async (input: unknown) => {
        await new Promise((resolve) => setTimeout(resolve, 100));
        return input;
      });
      await bench.worker();
      const environment = { AMQP_URL: brokerURL ?? "" };
      const result = await runScript(oneCall, { args: [bench.route(), "7"], environment });
      assert.deepEqual([result.exitCode, result.stdout], [0, "reply 7\n"], result.stderr);
    },
  );

  it("lives until the reply came, and then ends, over the loopback", async () => {
    const result = await runScript(oneCall, {
      args: ["slow.echo", "7"],
      environment: { ENVIRONMENT: "test" },
    });
    assert.deepEqual([result.exitCode, result.stdout], [0, "reply 7\n"], result.stderr);
  });

  it("lives while the call waits for a broker that is away, and until its deadline", async () => {
    const environment = { AMQP_URL: "amqp://127.0.0.1:1", AMQP_RPC_TIMEOUT: "0.3" };
    const result = await runScript(oneCall, { args: ["nobody"], environment });
    assert.equal(result.exitCode, 1);
    assert.match(
      result.stderr,
      /TimeoutError.*(?:could not be sent|no connection to the broker yet)/,
    );
  });
});
