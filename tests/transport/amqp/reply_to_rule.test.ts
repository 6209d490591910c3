import assert from "node:assert/strict";
import { describe, it } from "node:test";

import fc from "fast-check";

import { nodeOf, ReplyToRule } from "../../../src/transport/amqp/reply_to/reply_to_rule.ts";
import { needsBroker, withChannel } from "../../support/broker.ts";
import { directName, newPid, oldPid, pidOf } from "../../support/direct_reply_to.ts";
import { waitFor } from "../../support/wait_for.ts";

describe("ReplyToRule", () => {
  const rule = new ReplyToRule([]);

  it("allows the names that brokers give to queues and to callers", () => {
    for (const name of [
      "amq.gen-JzTY20BRgKO-HjmUJj0wLg",
      // LavinMQ's direct reply-to.
      "amq.direct.reply-to.amq.ctag-0b1HnVbMzyP2JQzIbpXkAg",
    ])
      assert.equal(rule.judge(name).kind, "allowed", name);
  });

  it("tells the node of a direct reply-to name, however often and with whatever key it calls", () => {
    const node = nodeOf(directName(newPid));
    assert.ok(node?.includes("reply@1234567"), node);
    assert.deepEqual(rule.judge(directName(newPid)), { kind: "process", node });
    assert.equal(nodeOf(directName(newPid, "b3RoZXI=")), node);
    // Another process of the same node, and one of an earlier start of it.
    assert.equal(nodeOf(directName(changed(-9, 7))), node);
    assert.equal(nodeOf(directName(changed(-1, 9))), node);
    assert.equal(rule.judge(directName(oldPid)).kind, "process");
  });

  it("tells apart process numbers that not every broker can read", () => {
    const numbers = [newPid, changed(-11, 0x80), changed(-12, 0xff), changed(-8, 1)];
    const nodes = numbers.map((pid) => nodeOf(directName(pid)));
    assert.equal(new Set(nodes).size, numbers.length, nodes.join("\n"));
  });

  it("leaves queues that a client named to the broker", () => {
    for (const name of ["orders", "rpc.reply.1234", crypto.randomUUID(), " ", "."])
      assert.equal(rule.judge(name).kind, "named", name);
  });

  it("refuses what only looks like a name of the broker's", () => {
    for (const name of [
      "bytes \ufffd that were no text",
      "amq.direct.reply-to.",
      "amq.direct.reply-to. ",
      "amq.direct",
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
      // RabbitMQ 4.0 would try to reach these nodes for seconds.
      directName(pidOf("rabbit@host")),
      directName(pidOf("reply@host")),
      directName(pidOf("reply@")),
      directName(pidOf("reply@12345678901")),
    ]) {
      assert.equal(rule.judge(name).kind, "refused", name);
    }
  });

  it("allows what settings name, by prefix", () => {
    const open = new ReplyToRule(["replies."]);
    assert.equal(open.judge("replies.mine").kind, "allowed");
    assert.equal(open.judge("other.replies.mine").kind, "named");
  });

  it("refuses anything made up, whatever it is", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (suffix) => {
        assert.equal(rule.judge(`amq.rabbitmq.reply-to.${suffix}`).kind, "refused");
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
      seen.map((name) => rule.judge(name).kind),
      ["allowed", "process"],
      seen.join("\n"),
    );
  });
});

/** {@link newPid} with another byte at a place, counted from its end. */
function changed(at: number, value: number): number[] {
  return newPid.map((byte, index) => (index === newPid.length + at ? value : byte));
}
