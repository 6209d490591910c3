import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { buildGateway } from "../../examples/gateway/gateway.ts";
import { serve } from "../../examples/gateway/serve.ts";
import { words } from "../../examples/gateway/tasks.ts";
import type { Word } from "../../examples/gateway/tasks.ts";
import { configure, injectFault, RPCClient, rpcTasks } from "../../mod.ts";
import { findChromium } from "../../scripts/browser/chromium.ts";
import { LivePage } from "../../scripts/browser/live_page.ts";
import { onceOnNode } from "../support/once_on_node.ts";
import { deferred, waitFor } from "../support/wait_for.ts";

const skip = onceOnNode.skip || (findChromium() ? false : "needs a browser: there is no chromium");

/** A browser's way to the gateway, whose connections can be broken. */
async function open(): Promise<{
  readonly url: string;
  /** The ids that the browser said it had seen last. */
  readonly seen: (string | null)[];
  close(): Promise<void>;
}> {
  const client = new RPCClient();
  const gateway = buildGateway(client, {
    calls: [],
    streams: {
      "text.words": {
        idOf: (item) => String((item as Word).n),
        inputAfter: (id) => ({ after: Number(id) }),
      },
    },
  });
  const seen: (string | null)[] = [];
  const server = await serve((request) => {
    if (request.url.includes("/stream/")) seen.push(request.headers.get("last-event-id"));
    return gateway.fetch(request);
  }, 0);
  const close = async (): Promise<void> => {
    await server.close();
    await client.close();
  };
  return { url: server.url, seen, close };
}

describe("the page of the gateway", { skip }, () => {
  it("shows words as they come, and goes on behind the last one when its connection breaks", async () => {
    configure({ environment: "test" });
    const gates = [deferred(), deferred(), deferred()];
    // It takes the link with it that the stream goes by.
    const fault = injectFault("text.break", { disconnect: true });
    const override = rpcTasks.override(words, async function* ({ after }: { after: number }) {
      for (let n = after + 1; n <= 4; n++) {
        yield { n, word: `word${n}` };
        await gates[n - 1]?.promise;
        if (n === 2) await new RPCClient().call("text.break").catch(() => {});
      }
    });
    const gateway = await open();
    try {
      await using page = await LivePage.open(gateway.url);
      const shows = async (expected: string): Promise<void> => {
        const read = (): Promise<unknown> =>
          page.evaluate(`document.getElementById("text")?.textContent?.trim()`);
        await waitFor(async () => (await read()) === expected, `"${expected}"`, 20_000);
      };
      await shows("word1");
      gates[0]?.resolve();
      await shows("word1 word2");
      gates[1]?.resolve();
      await shows("word1 word2 word3");
      assert.notEqual(await page.evaluate("document.title"), "done");
      gates[2]?.resolve();
      await shows("word1 word2 word3 word4");
      await waitFor(async () => (await page.evaluate("document.title")) === "done", "the end");
      assert.deepEqual(gateway.seen, [null, "2"]);
    } finally {
      fault[Symbol.dispose]();
      override[Symbol.dispose]();
      await gateway.close();
    }
  });
});
