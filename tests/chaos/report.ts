interface Figure {
  readonly text: string;
  /** The rule that it breaks. */
  readonly broken: string | undefined;
}

/** The figures of one scenario, each a number and what it counts: "20 kills". */
export class Report {
  readonly #figures: Figure[] = [];
  readonly #breaches: string[] = [];

  /** Whether every rule held. */
  get holds(): boolean {
    return this.violations.length === 0;
  }

  /** All figures. */
  get line(): string {
    return this.#figures.map(({ text }) => text).join(", ");
  }

  /** The figures that break their rule, and the rules. */
  get violations(): string[] {
    return [
      ...this.#figures.flatMap(({ text, broken }) =>
        broken === undefined ? [] : [`${text} (must be ${broken})`],
      ),
      ...this.#breaches,
    ];
  }

  /** A figure that nothing hangs on. */
  tell(value: number, what: string): void {
    this.#add(value, what, true, "");
  }

  /** What came of something, in words. */
  remark(text: string): void {
    this.#figures.push({ text, broken: undefined });
  }

  /** A figure that has to be exactly that. */
  exactly(expected: number, value: number, what: string): void {
    this.#add(value, what, value === expected, format(expected));
  }

  /** A figure that must not be larger. */
  atMost(limit: number, value: number, what: string): void {
    this.#add(value, what, value <= limit, `at most ${format(limit)}`);
  }

  /** A figure that must not be smaller. */
  atLeast(limit: number, value: number, what: string): void {
    this.#add(value, what, value >= limit, `at least ${format(limit)}`);
  }

  /** A rule that one case broke, beside the figure that counts such cases. */
  breach(text: string): void {
    this.#breaches.push(text);
  }

  /** Adds what went so wrong that there are no figures. */
  fail(error: unknown): void {
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    this.#figures.push({ text, broken: "no error" });
  }

  #add(value: number, what: string, holds: boolean, rule: string): void {
    this.#figures.push({ text: `${format(value)} ${what}`, broken: holds ? undefined : rule });
  }
}

function format(value: number): string {
  return value.toLocaleString("en", { maximumFractionDigits: 1 });
}
