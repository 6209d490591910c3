import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";

import { RPCClient, rpcTasks } from "../../../mod.ts";
import { runScript } from "../../support/run_script.ts";

describe("the loopback", () => {
  it("speaks of this process when there is no task, and names the nearest", async () => {
    const client = new RPCClient({ settings: { environment: "test" } });
    rpcTasks("photos.byIds", () => []);
    try {
      await assert.rejects(client.call("photos.byId"), {
        code: "no_route",
        message:
          'Cannot call "photos.byId" as no task of this name is registered in this process, and the environment is "test"; did you mean photos.byIds?',
      });
      await assert.rejects(client.call("nothing.like.it"), { message: /is "test"$/ });
    } finally {
      rpcTasks.delete("photos.byIds");
      await client.close();
    }
  });

  it("warns once when a program in production is on it by ENVIRONMENT=test", async () => {
    const file = fileURLToPath(new URL("./fixtures/two_clients.ts", import.meta.url));
    const run = (environment: Readonly<Record<string, string>>): Promise<{ stderr: string }> =>
      runScript(file, { environment });
    const { stderr } = await run({ ENVIRONMENT: "test", NODE_ENV: "production" });
    const warning = /^bgtasks: ENVIRONMENT=test keeps all calls in this process.*production$/gm;
    assert.equal(stderr.match(warning)?.length, 1, stderr);
    const quiet = await run({ ENVIRONMENT: "test", NODE_ENV: "development" });
    assert.doesNotMatch(quiet.stderr, /bgtasks:/);
    // Whoever says it in the program means it.
    const meant = await run({ NODE_ENV: "production", MEANT: "1" });
    assert.doesNotMatch(meant.stderr, /bgtasks:/);
  });
});
