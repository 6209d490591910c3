import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { StatusFeed } from "../../src/transport/status_feed.ts";
import type { LinkStatus } from "../../src/transport/transport.ts";
import { CapturedLog } from "../foreign/captured_log.ts";
import { waitFor } from "../support/wait_for.ts";

const READY: LinkStatus = { state: "ready", host: "h" };
const CONNECTING: LinkStatus = { state: "connecting", attempt: 1 };
const CLOSED: LinkStatus = { state: "closed" };

describe("a status feed", () => {
  it("tells every listener though one throws and one rejects, and logs both", async () => {
    await using log = await CapturedLog.start();
    const feed = new StatusFeed("worker");
    const heard: string[] = [];
    feed.subscribe(() => {
      throw new Error("thrown bug");
    });
    const rejects: () => unknown = () => Promise.reject(new Error("rejected bug"));
    feed.subscribe(rejects);
    feed.subscribe(({ state }) => heard.push(state));
    feed.set(CONNECTING);
    feed.set(READY);
    assert.deepEqual(heard, ["connecting", "ready"]);
    await waitFor(() => log.messages("rejected bug").length === 2, "the rejections in the log");
    assert.equal(log.messages("thrown bug").length, 2);
  });

  it("tells changes in order, also those that a listener brings about", () => {
    const feed = new StatusFeed();
    const heard: string[] = [];
    feed.subscribe(({ state }) => {
      if (state === "ready") feed.set(CLOSED);
    });
    feed.subscribe(({ state }) => heard.push(state));
    feed.set(READY);
    assert.deepEqual(heard, ["ready", "closed"]);
  });

  it("ends though each call of a listener subscribes another one", () => {
    const feed = new StatusFeed();
    let calls = 0;
    const listen = (): void => {
      calls++;
      feed.subscribe(listen);
    };
    feed.subscribe(listen);
    feed.set(READY);
    assert.equal(calls, 1);
  });
});

describe("the changes of a status", () => {
  it("begin when asked for, not when first looked at", async () => {
    const feed = new StatusFeed();
    const changes = feed.changes();
    feed.set(CONNECTING);
    feed.set(READY);
    feed.set(CLOSED);
    const seen: string[] = [];
    for await (const { state } of changes) seen.push(state);
    assert.deepEqual(seen, ["connecting", "ready", "closed"]);
  });

  it("end at once of what is closed", async () => {
    const feed = new StatusFeed();
    feed.set(CLOSED);
    assert.deepEqual(await feed.changes().next(), { done: true, value: undefined });
  });

  it("end by return() while somebody waits for the next one", async () => {
    const changes = new StatusFeed().changes();
    const [waiting, other] = [changes.next(), changes.next()];
    assert.deepEqual(await changes.return?.(), { done: true, value: undefined });
    assert.equal((await waiting).done, true);
    assert.equal((await other).done, true);
    assert.equal((await changes.next()).done, true);
  });

  it("end by their signal, aborted before or later", async () => {
    const feed = new StatusFeed();
    assert.equal((await feed.changes(AbortSignal.abort()).next()).done, true);
    const controller = new AbortController();
    const changes = feed.changes(controller.signal);
    const waiting = changes.next();
    controller.abort();
    assert.equal((await waiting).done, true);
    feed.set(READY);
    assert.equal((await changes.next()).done, true);
  });
});
