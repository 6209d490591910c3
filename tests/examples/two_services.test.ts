import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";

import { brokerURL, deleteQueue, needsBroker } from "../support/broker.ts";
import { runScript } from "../support/run_script.ts";

const main = fileURLToPath(new URL("../../examples/two_services/main.ts", import.meta.url));

describe("the example of two services", () => {
  it("takes and refuses orders, as a worker of its own says", needsBroker, async () => {
    try {
      const environment = { AMQP_URL: brokerURL ?? "" };
      const { exitCode, stdout, stderr } = await runScript(main, { environment });
      assert.equal(exitCode, 0, stderr);
      assert.equal(
        stdout,
        `2 tea: ordered, 1 left
2 tea: refused: Only 1 left.
1 coffee: refused: Only 0 left.
0 tea: failed (invalid_input): Cannot accept the input of "stock.reserve":
  - count: Invalid value: Expected >=1 but received 0
`,
      );
    } finally {
      await deleteQueue("stock.reserve");
    }
  });
});
