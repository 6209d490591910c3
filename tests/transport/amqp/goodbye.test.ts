import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { RPCClient } from "../../../mod.ts";
import { channelClose, connectionClose, FakeBroker, reply } from "../../support/scripted_broker.ts";
import type { FakeRequest } from "../../support/scripted_broker.ts";

describe("a call made when the broker's goodbye has been read", () => {
  for (const [what, goodbye] of [
    ["to the connection", () => connectionClose(320, "CONNECTION_FORCED")],
    ["to the channel", ({ channel }: FakeRequest) => channelClose(channel, 504, "CHANNEL_ERROR")],
  ] as const) {
    it(`${what} waits for the next link, as it never went out`, async () => {
      const requests: string[] = [];
      await using broker = await FakeBroker.open({
        onRequest(link, request) {
          requests.push(request.route);
          const answer = reply(request, '"answered"');
          if (request.route === "first") link.send(answer, goodbye(request));
          else link.send(answer);
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
