import assert from "node:assert/strict";
import { test } from "node:test";

import { Numbered } from "../../src/messages/numbered.ts";

interface Item {
  readonly id: number;
}

/** Holds so many, named for their numbers. */
function filled(count: number): Numbered<Item> {
  const numbered = new Numbered<Item>();
  add(numbered, 1, count);
  return numbered;
}

function add(numbered: Numbered<Item>, from: number, to: number): void {
  for (let id = from; id <= to; id++) {
    assert.equal(numbered.next, id);
    assert.equal(numbered.add({ id }), id);
  }
}

function idsOf(items: Iterable<Item>): number[] {
  return Array.from(items, ({ id }) => id);
}

test("take() finds each by its number, in any order and once", () => {
  const numbered = filled(4);
  for (const number of [2, 1, 4]) {
    assert.equal(numbered.get(number)?.id, number);
    assert.equal(numbered.take(number)?.id, number);
    assert.equal(numbered.take(number), undefined);
    assert.equal(numbered.get(number), undefined);
  }
  assert.deepEqual(idsOf(numbered), [3]);
  assert.equal(numbered.size, 1);
  assert.equal(numbered.take(3)?.id, 3);
  assert.deepEqual(idsOf(numbered), []);
  for (const number of [-1, 0, 1, 4, 5, 0.5, Infinity, NaN]) {
    assert.equal(numbered.get(number), undefined);
    assert.equal(numbered.take(number), undefined);
  }
  assert.equal(numbered.size, 0);
});

test("takeUpTo() takes what is left up to a number, in its order", () => {
  const numbered = filled(5);
  numbered.take(2);
  assert.deepEqual(idsOf(numbered.takeUpTo(4)), [1, 3, 4]);
  assert.deepEqual(idsOf(numbered.takeUpTo(4)), []);
  assert.deepEqual(idsOf(numbered), [5]);
});

test("numbers go on when nothing is left, and when many have left before the first", () => {
  const numbered = filled(2);
  assert.deepEqual(idsOf(numbered.takeUpTo(2)), [1, 2]);
  add(numbered, 3, 5_003);
  for (let number = 4; number <= 5_000; number++) assert.equal(numbered.take(number)?.id, number);
  assert.deepEqual(idsOf(numbered), [3, 5_001, 5_002, 5_003]);
  add(numbered, 5_004, 5_500);
  assert.deepEqual(idsOf(numbered.takeUpTo(5_002)), [3, 5_001, 5_002]);
  const rest = Array.from({ length: 498 }, (_, index) => 5_003 + index);
  assert.deepEqual(idsOf(numbered), rest);
  assert.equal(numbered.size, 498);
  assert.deepEqual(idsOf(numbered.takeUpTo(6_000)), rest);
  assert.equal(numbered.size, 0);
});

test("what leaves or is added during a walk is left out or comes as well", () => {
  const numbered = filled(300);
  const seen: number[] = [];
  for (const { id } of numbered) {
    seen.push(id);
    if (id === 1) for (let number = 2; number <= 299; number++) numbered.take(number);
    if (id === 300) numbered.add({ id: 301 });
  }
  assert.deepEqual(seen, [1, 300, 301]);
});
