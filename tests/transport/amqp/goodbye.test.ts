import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { RPCClient } from "../../../mod.ts";
import { FakeBroker } from "../../support/fake_broker.ts";
import type { FakeLink, PeerMessage } from "../../support/fake_broker.ts";

describe("a call made when the broker's goodbye has been read", () => {
  for (const [what, goodbye] of [
    ["to the connection", (link: FakeLink) => link.closeConnection(320, "CONNECTION_FORCED")],
    [
      "to the channel",
      (link: FakeLink, { channel }: PeerMessage) =>
        link.closeChannel(channel, 504, "CHANNEL_ERROR"),
    ],
  ] as const) {
    it(`${what} waits for the next link, as it never went out`, async () => {
      const requests: string[] = [];
      await using broker = await FakeBroker.open({
        onPublish(request, link) {
          requests.push(request.routingKey);
          // In one piece.
          link.socket.cork();
          link.reply(request, '"answered"');
          if (request.routingKey === "first") goodbye(link, request);
          link.socket.uncork();
          return true;
        },
      });
      const settings = { url: broker.url, environment: "", reconnect: { initial: 10, max: 20 } };
      await using client = new RPCClient({ settings });
      // At once: the reply and the goodbye come in one piece, so the second call is made between them and their news.
      const second = client.call("first", 1, { timeout: 5_000 }).then(() => client.call("second"));
      assert.equal(await second, "answered");
      assert.deepEqual(requests, ["first", "second"]);
    });
  }
});
