import assert from "node:assert/strict";
import { describe, it } from "node:test";

import fc from "fast-check";

import { ReplyToRule } from "../../../src/transport/amqp/reply_to_rule.ts";
import { needsBroker, withChannel } from "../../support/broker.ts";
import { directName, newPid, oldPid } from "../../support/direct_reply_to.ts";
import { waitFor } from "../../support/wait_for.ts";

describe("ReplyToRule", () => {
  const rule = new ReplyToRule([]);

  it("allows direct reply-to names and those the broker gave", () => {
    for (const name of [directName(newPid), directName(oldPid), "amq.gen-JzTY20BRgKO-HjmUJj0wLg"]) {
      assert.equal(rule.allows(name), true, name);
      assert.equal(rule.allows(name), true, `${name} the second time`);
    }
  });

  it("refuses other queues and what only looks like a direct reply-to name", () => {
    for (const name of [
      "",
      "orders",
      "amq.gen-",
      "amq.gen-../orders",
      "amq.rabbitmq.reply-to",
      "amq.rabbitmq.reply-to.",
      "amq.rabbitmq.reply-to.x",
      "amq.rabbitmq.reply-to.x.y",
      "amq.rabbitmq.reply-to.!!!!.c2VjcmV0",
      directName([]),
      directName([131]),
      directName([131, 88, 100, 0]),
      directName([131, 97, 5]),
      directName(newPid.slice(0, -1)),
      directName([...newPid, 0]),
      directName([130, ...newPid.slice(1)]),
      directName(newPid, ""),
      directName(newPid, "c2VjcmV0.more"),
      directName(newPid, "sec ret"),
    ]) {
      assert.equal(rule.allows(name), false, name);
    }
  });

  it("allows what settings name, by prefix", () => {
    const open = new ReplyToRule(["replies."]);
    assert.equal(open.allows("replies.mine"), true);
    assert.equal(open.allows("other.replies.mine"), false);
  });

  it("refuses anything made up, whatever it is, and remembers no more than a bounded number", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (suffix) => {
        assert.equal(rule.allows(`amq.rabbitmq.reply-to.${suffix}`), false);
      }),
      { numRuns: 3_000 },
    );
  });

  it("allows the names that this broker gives out", needsBroker, async () => {
    const seen = await withChannel(async (channel) => {
      const { name } = await channel.queueDeclare("");
      const replyTo: string[] = [name];
      await channel.basicConsume("amq.rabbitmq.reply-to", { noAck: true }, () => {});
      await channel.basicConsume(name, { noAck: true }, ({ properties }) => {
        replyTo.push(properties.replyTo ?? "");
      });
      await channel.basicPublish("", name, "x", { replyTo: "amq.rabbitmq.reply-to" });
      await waitFor(
        () => replyTo.length === 2,
        "the message with the name the broker wrote into it",
      );
      return replyTo;
    });
    assert.deepEqual(
      seen.map((name) => rule.allows(name)),
      [true, true],
      seen.join("\n"),
    );
  });
});
