import assert from "node:assert/strict";
import { test } from "node:test";

import { SentMessages } from "../../../src/transport/amqp/sent_messages.ts";
import { Unconfirmed } from "../../../src/transport/amqp/unconfirmed.ts";

const watcher = { giveUp: () => {} };
const waiter = { resolve: () => {}, reject: () => {} };

function entryOf(id: string): Unconfirmed {
  const message = { id, type: undefined, contentType: undefined, body: "", headers: undefined };
  return new Unconfirmed(message, { key: "queue" }, watcher, waiter);
}

/** Adds so many entries, named for their numbers. */
function add(sent: SentMessages, from: number, to: number): void {
  for (let number = from; number <= to; number++) sent.add(entryOf(String(number)));
}

function idsOf(entries: Iterable<Unconfirmed>): string[] {
  return Array.from(entries, ({ message }) => message.id);
}

test("take() finds each message by its number, in any order and once", () => {
  const sent = new SentMessages();
  add(sent, 1, 4);
  for (const number of [2, 1, 4]) {
    assert.deepEqual(idsOf(sent.take(number, false)), [String(number)]);
    assert.deepEqual(idsOf(sent.take(number, false)), []);
  }
  assert.deepEqual(idsOf(sent), ["3"]);
  assert.deepEqual(idsOf(sent.take(3, false)), ["3"]);
  assert.deepEqual(idsOf(sent), []);
  for (const number of [0, 1, 4, 5]) assert.deepEqual(idsOf(sent.take(number, false)), []);
});

test("take() of multiple takes what is left up to a number, in its order", () => {
  const sent = new SentMessages();
  add(sent, 1, 5);
  sent.take(2, false);
  assert.deepEqual(idsOf(sent.take(4, true)), ["1", "3", "4"]);
  assert.deepEqual(idsOf(sent.take(4, true)), []);
  assert.deepEqual(idsOf(sent), ["5"]);
});

test("numbers go on when nothing is left, and when many are confirmed before the first", () => {
  const sent = new SentMessages();
  add(sent, 1, 2);
  assert.deepEqual(idsOf(sent.take(2, true)), ["1", "2"]);
  add(sent, 3, 5_003);
  for (let number = 4; number <= 5_000; number++)
    assert.deepEqual(idsOf(sent.take(number, false)), [String(number)]);
  assert.deepEqual(idsOf(sent), ["3", "5001", "5002", "5003"]);
  add(sent, 5_004, 5_500);
  assert.deepEqual(idsOf(sent.take(5_002, true)), ["3", "5001", "5002"]);
  const rest = Array.from({ length: 498 }, (_, index) => String(5_003 + index));
  assert.deepEqual(idsOf(sent), rest);
  assert.deepEqual(idsOf(sent.take(6_000, true)), rest);
});
