import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { HandOver } from "../../src/jobs/hand_over.ts";
import { JobRequest } from "../../src/jobs/job_request.ts";
import { BgtasksError } from "../../mod.ts";
import { Deadlines } from "../../src/time/deadlines.ts";
import { LoopbackMessage } from "../../src/transport/loopback/loopback_message.ts";
import type {
  Delivery,
  OutgoingMessage,
  Published,
  PublisherLink,
} from "../../src/transport/transport.ts";

/** A delivery that remembers how it was ended. */
function deliveryOf(
  headers: Readonly<Record<string, unknown>> = {},
): Delivery & { ended: string | undefined } {
  const message = new LoopbackMessage({
    id: "job-1",
    contentType: "application/json",
    text: "7",
    headers,
  });
  const state: { ended: string | undefined } = { ended: undefined };
  const end = (how: string) => (): void => void (state.ended ??= how);
  return Object.defineProperties(
    { message, isLocal: true, ack: end("ack"), release: end("release"), reject: end("reject") },
    {
      ended: { get: () => state.ended },
      isStale: { get: () => state.ended !== undefined },
    },
  ) as unknown as Delivery & { ended: string | undefined };
}

/** A link that answers as it is told to, in turn; then that it has stored everything. */
function linkOf(answers: (Published | Error)[], seen: OutgoingMessage[]): PublisherLink {
  return {
    publish(message) {
      seen.push(message);
      const answer = answers.shift() ?? "stored";
      return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer);
    },
    close: () => Promise.resolve(),
  };
}

function requestOf(delivery: Delivery): JobRequest {
  return new JobRequest(delivery, "images.resize", undefined, new Deadlines());
}

const state = {
  attempt: 2,
  firstSentAt: 5,
  lastError: { name: "Error", message: "x".repeat(2_000), at: 5 },
  delayLeft: 0,
  expiresAt: undefined,
};

describe("handing a job over", () => {
  it("acknowledges it once the broker has the copy, however often that takes", async () => {
    const seen: OutgoingMessage[] = [];
    const link = linkOf(["unroutable", "refused", new Error("no link")], seen);
    const handOver = new HandOver(65_536, () => Promise.resolve(link));
    const delivery = deliveryOf({ tenant: "a", "x-death": [{}], "x-delivery-count": 3 });
    await handOver.delay(requestOf(delivery), "q", state, 0);
    assert.equal(delivery.ended, "ack");
    assert.equal(seen.length, 4);
    for (const { id, body, headers } of seen) {
      assert.deepEqual([id, body], ["job-1", "7"]);
      assert.deepEqual(Object.keys(headers ?? {}), [
        "tenant",
        "bgtasks-attempt",
        "bgtasks-first-at",
        "bgtasks-last-error",
      ]);
    }
    await handOver.close();
  });

  it("shortens headers when the broker agreed to shorter frames, and only then", async () => {
    const seen: OutgoingMessage[] = [];
    const tooLong = new BgtasksError("invalid_headers", "they must fit in one frame");
    const handOver = new HandOver(65_536, () =>
      Promise.resolve(linkOf([new Error("no link"), tooLong], seen)),
    );
    const delivery = deliveryOf();
    const more = { "bgtasks-dead": "attempts", "bgtasks-stack": "s".repeat(8_000) };
    await handOver.bury(requestOf(delivery), "dead", state, more);
    assert.equal(delivery.ended, "ack");
    const stacks = seen.map(({ headers }) => "bgtasks-stack" in (headers ?? {}));
    assert.deepEqual(stacks, [true, true, false]);
  });

  it("gives it back when the worker stops meanwhile", async () => {
    const seen: OutgoingMessage[] = [];
    const answers = Array.from({ length: 100 }, (): Published => "refused");
    const handOver = new HandOver(65_536, () => Promise.resolve(linkOf(answers, seen)));
    const delivery = deliveryOf();
    const handed = handOver.delay(requestOf(delivery), "q", state, 1_024);
    // Its first pause has begun when the first answer is there.
    await new Promise((resolve) => setTimeout(resolve, 0));
    await handOver.close();
    await handed;
    assert.equal(delivery.ended, "release");
    assert.equal(seen[0]?.headers?.["bgtasks-attempt"], 2);
  });

  it("leaves alone what is no longer its own", async () => {
    const seen: OutgoingMessage[] = [];
    const handOver = new HandOver(65_536, () => Promise.resolve(linkOf([], seen)));
    const delivery = deliveryOf();
    delivery.release();
    await handOver.delay(requestOf(delivery), "q", state, 0);
    assert.equal(seen.length, 0, "its link is lost, so the broker delivers it again");
    assert.equal(delivery.ended, "release");
  });
});
