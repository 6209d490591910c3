/** Where a text stops to be JSON. */
export interface JSONFault {
  /** Counted in UTF-16 units from 0. */
  readonly offset: number;
  readonly problem: string;
}

/**
 * Finds the first place where a text is not JSON. Runtimes tell it in different words, some of them without the place.
 * Grammar: RFC 8259.
 */
export function findJSONFault(text: string): JSONFault | undefined {
  const reader = new JSONReader(text);
  try {
    reader.readDocument();
  } catch (error) {
    if (error instanceof Fault) return { offset: error.offset, problem: error.message };
    // Nested deeper than the stack.
    if (error instanceof RangeError) return { offset: 0, problem: "it is nested too deep" };
    throw error;
  }
  return undefined;
}

class Fault extends Error {
  readonly offset: number;

  constructor(offset: number, problem: string) {
    super(problem);
    this.offset = offset;
  }
}

class JSONReader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  readDocument(): void {
    this.#readValue("a value was expected here");
    if (this.#at < this.#text.length) this.#fail("the value ended before this");
  }

  #readValue(expectation: string): void {
    this.#skipSpace();
    if (this.#take("{")) this.#readObject();
    else if (this.#take("[")) this.#readArray();
    else if (this.#peek() === '"') this.#readString();
    else if (this.#peek() === "'") this.#fail('strings take double quotes: "…"');
    else if (!this.#match(/(?:true|false|null)\b/y)) this.#readNumber(expectation);
    this.#skipSpace();
  }

  #readObject(): void {
    this.#skipSpace();
    if (this.#take("}")) return;
    for (;;) {
      this.#skipSpace();
      if (this.#peek() !== '"') this.#fail('a name in double quotes was expected here, as in "id"');
      this.#readString();
      this.#skipSpace();
      if (!this.#take(":")) this.#fail('":" was expected here');
      this.#readValue("a value was expected here");
      if (this.#take("}")) return;
      if (!this.#take(",")) this.#fail('"," or "}" was expected here');
    }
  }

  #readArray(): void {
    this.#skipSpace();
    if (this.#take("]")) return;
    for (;;) {
      this.#readValue('a value was expected here; none may be missing before "," or "]"');
      if (this.#take("]")) return;
      if (!this.#take(",")) this.#fail('"," or "]" was expected here');
    }
  }

  #readString(): void {
    const start = this.#at;
    this.#at++;
    for (;;) {
      // What needs no second look: neither quotes, backslashes nor control characters.
      // oxlint-disable-next-line no-control-regex -- JSON forbids them in strings
      this.#match(/[^"\\\u0000-\u001f]+/y);
      if (this.#take('"')) return;
      if (this.#at >= this.#text.length) {
        this.#at = start;
        this.#fail("this string has no end");
      }
      if (this.#peek() !== "\\") this.#fail("line breaks and tabs are written \\n and \\t");
      if (!this.#match(/\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})/y)) {
        this.#fail("this is not an escape; a backslash itself is written \\\\");
      }
    }
  }

  #readNumber(expectation: string): void {
    const start = this.#at;
    if (!this.#match(/-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y)) this.#fail(expectation);
    if (/[\w.+-]/.test(this.#peek())) {
      this.#at = start;
      this.#fail("this is not a number");
    }
  }

  #skipSpace(): void {
    this.#match(/[ \t\r\n]+/y);
  }

  #peek(): string {
    return this.#text.charAt(this.#at);
  }

  #take(character: string): boolean {
    if (this.#peek() !== character) return false;
    this.#at++;
    return true;
  }

  #match(pattern: RegExp): boolean {
    pattern.lastIndex = this.#at;
    if (!pattern.test(this.#text)) return false;
    this.#at = pattern.lastIndex;
    return true;
  }

  #fail(problem: string): never {
    const ended = this.#at >= this.#text.length;
    throw new Fault(this.#at, ended ? `it ends too early: ${problem}` : problem);
  }
}
