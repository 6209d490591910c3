import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { resolveSettings } from "../../../src/settings.ts";
import { BrokerConnection } from "../../../src/transport/amqp/broker_connection.ts";
import { ReplyToGuard } from "../../../src/transport/amqp/reply_to_guard.ts";
import { ReplyToRule } from "../../../src/transport/amqp/reply_to_rule.ts";
import { brokerURL, needsBroker } from "../../support/broker.ts";
import { directName, newPid } from "../../support/direct_reply_to.ts";

describe("ReplyToGuard", needsBroker, () => {
  it("judges no name by a connection that broke, and asks again for the next request", async () => {
    const settings = resolveSettings({ url: brokerURL });
    const [host] = settings.hosts;
    assert.ok(host);
    let opened = 0;
    let breaks = true;
    const guard = new ReplyToGuard(new ReplyToRule([]), async () => {
      opened++;
      const options = { settings, name: "reply-to trials", keepsProcessAlive: true };
      const connection = await BrokerConnection.open(host, options);
      if (breaks) connection.destroy(new Error("pulled"));
      return connection;
    });
    assert.equal(await guard.allows(directName(newPid)), undefined);
    assert.equal(opened, 3);
    breaks = false;
    assert.equal(typeof (await guard.allows(directName(newPid))), "boolean");
    await guard.close();
  });
});
