/** The codes of the 64 letters that stand for 6 bits each. */
const LETTERS = /* @__PURE__ */ Uint8Array.from(
  "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_",
  (letter) => letter.charCodeAt(0),
);

const ZERO = 48;

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

  /** Whether this has made such a name. Only its begin is looked at. */
  isOwn(id: string): boolean {
    return id.startsWith(this.#prefix);
  }

  /** The number that such a name was made of; 0 for a name of somebody else that has none. */
  numberOf(id: string): number {
    let [number, unit] = [0, 1];
    for (let at = id.length - 1; at > 0; at--) {
      const digit = id.charCodeAt(at) - ZERO;
      if (digit < 0 || digit > 9) break;
      number += digit * unit;
      unit *= 10;
    }
    return number;
  }

  /** A name of a call that no other has, and of which 48 bits are random. */
  nameOf(number: number): string {
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
    return `${this.#prefix + secret}.${number}`;
  }
}

function letter(bits: number): number {
  return LETTERS[bits & 63] ?? 0;
}
