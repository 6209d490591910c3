import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { Window } from "../../src/streams/window.ts";

const [FIRST, MOST] = [256 * 1_024, 1_024 * 1_024];
const FRAME = 64_000;
const [UNLIMITED, LONG] = [Infinity, 20 * MOST];

/** A sender without an end of items, which sends as far as it may, and the frames that are not taken yet. */
class Pair {
  readonly window: Window;
  readonly #frame: number;
  readonly #waiting: number[] = [];
  /** What the sender was told last. */
  credit: number;
  sent = 0;
  taken = 0;
  credits = 0;

  constructor(window: Window, frame = FRAME) {
    this.window = window;
    this.#frame = frame;
    this.credit = window.allowed;
  }

  /** How many bytes wait for the reader. */
  get ahead(): number {
    return this.sent - this.taken;
  }

  /** Sends at most so many frames. */
  send(frames = Infinity): void {
    for (let n = 0; n < frames && this.sent < this.credit; n++) {
      this.sent += this.#frame;
      this.window.receive(this.#frame);
      this.#waiting.push(this.#frame);
    }
  }

  /** Takes at most so many frames. */
  take(frames = Infinity): void {
    for (const bytes of this.#waiting.splice(0, frames)) {
      this.taken += bytes;
      if (!this.window.take(bytes)) continue;
      assert.ok(this.window.allowed > this.credit, "a credit only grows");
      this.credit = this.window.allowed;
      this.credits++;
    }
  }
}

/** How far the sender gets ahead when the reader takes nothing more. */
function aheadAtLast(pair: Pair): number {
  pair.send();
  return pair.ahead;
}

function assertWithinFrame(ahead: number, window: number, frame = FRAME): void {
  assert.ok(ahead >= window && ahead < window + frame, `${ahead} bytes ahead, not ${window}`);
}

describe("a window", () => {
  it("grows for a reader that takes all that came, up to its maximum", () => {
    // Frames that come alone, those that come together, and items that are larger than the window.
    for (const [frame, together] of [
      [FRAME, 1],
      [FRAME, Infinity],
      [500, 150],
      [FIRST + 1, 1],
    ] as const) {
      const pair = new Pair(new Window(undefined, UNLIMITED), frame);
      const seen = new Set<number>();
      while (pair.taken < LONG) {
        pair.send(together);
        pair.take();
        seen.add(pair.credit - pair.taken);
        assert.ok(pair.credit - pair.taken <= MOST);
      }
      assertWithinFrame(aheadAtLast(pair), pair.credit - pair.taken, frame);
      assert.ok(Math.max(...seen) > MOST - frame, `${frame} × ${together}`);
      // A word for each half of it.
      assert.ok(pair.credits <= 3 + LONG / (MOST / 2), `${pair.credits} credits`);
    }
  });

  it("stays for a reader that takes nothing", () => {
    assertWithinFrame(aheadAtLast(new Pair(new Window(undefined, UNLIMITED))), FIRST);
  });

  it("stays for a reader that lags", () => {
    const pair = new Pair(new Window(undefined, UNLIMITED));
    // Whoever has begun may have had nothing to take.
    pair.send(1);
    pair.take(1);
    while (pair.taken < LONG) {
      pair.send();
      pair.take(1);
      assert.ok(pair.ahead < FIRST + FRAME, `${pair.ahead} bytes ahead`);
    }
  });

  it("holds what it has grown to when its reader stops", () => {
    const pair = new Pair(new Window(undefined, UNLIMITED));
    while (pair.taken < LONG) {
      pair.send(1);
      pair.take();
    }
    const { credit } = pair;
    const ahead = aheadAtLast(pair);
    assert.ok(ahead > FIRST && ahead < MOST + FRAME, `${ahead} bytes ahead`);
    assert.equal(pair.credit, credit);
  });

  it("that the reader has chosen never grows", () => {
    for (const [chosen, frame] of [
      [1, 10],
      [100_000, FRAME],
      [4 * MOST, FRAME],
    ] as const) {
      const pair = new Pair(new Window(chosen, UNLIMITED), frame);
      for (let n = 0; n < 100; n++) {
        pair.send();
        assertWithinFrame(pair.ahead, pair.credit - pair.taken, frame);
        assert.ok(pair.credit - pair.taken <= chosen);
        pair.take();
      }
    }
  });

  it("never exceeds what a message may take", () => {
    for (const [maxBytes, window] of [
      [10_000, 10_000],
      [MOST / 2, MOST / 2],
    ] as const) {
      const pair = new Pair(new Window(undefined, maxBytes), 1_000);
      assert.equal(pair.credit, Math.min(FIRST, window));
      while (pair.taken < LONG) {
        pair.send();
        assert.ok(pair.ahead < window + 1_000);
        pair.take();
      }
    }
  });
});
