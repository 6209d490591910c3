/** The codes of the 64 letters that stand for 6 bits each. */
const LETTERS = /* @__PURE__ */ Uint8Array.from(
  "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_",
  (letter) => letter.charCodeAt(0),
);

/**
 * Names calls. Whoever answers one call knows the queue that all replies go to, so a part of each name is random: else it
 * could answer the next calls in the place of others.
 */
export class CorrelationIds {
  /** Unlike any other caller's, so that ids stay apart in the logs of a whole system. */
  readonly #prefix = `${crypto.randomUUID().slice(0, 8)}.`;
  /** Random numbers for the next calls: to ask for each alone would cost more than all else that is done for a call. */
  readonly #random = new Uint32Array(1_024);
  #used = 1_024;
  #last = 0;

  /** Whether this has made such a name. Only its begin is looked at. */
  isOwn(id: string): boolean {
    return id.startsWith(this.#prefix);
  }

  /** A name that no other call has, and of which 48 bits are random. */
  next(): string {
    if (this.#used === this.#random.length) {
      crypto.getRandomValues(this.#random);
      this.#used = 0;
    }
    const one = this.#random[this.#used++] ?? 0;
    const other = this.#random[this.#used++] ?? 0;
    // Made in one piece: texts that are joined from many are joined once more, and slower, as a key of the table.
    const secret = String.fromCharCode(
      letter(one),
      letter(one >>> 6),
      letter(one >>> 12),
      letter(one >>> 18),
      letter(other),
      letter(other >>> 6),
      letter(other >>> 12),
      letter(other >>> 18),
    );
    return `${this.#prefix + secret}.${++this.#last}`;
  }
}

function letter(bits: number): number {
  return LETTERS[bits & 63] ?? 0;
}
