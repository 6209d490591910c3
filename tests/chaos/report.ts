/** One thing that was measured or counted. */
export interface Figure {
  readonly what: string;
  readonly value: string;
  /** What it has to be; absent when it is only told. */
  readonly rule?: string;
  readonly holds: boolean;
}

/** The figures of one scenario. */
export class Report {
  readonly #figures: Figure[] = [];

  /** Whether every rule held. */
  get holds(): boolean {
    return this.#figures.every(({ holds }) => holds);
  }

  /** Tells a figure that nothing hangs on. */
  tell(what: string, value: string | number): void {
    this.#figures.push({ what, value: format(value), holds: true });
  }

  /** A figure that has to be exactly that. */
  exactly(what: string, value: number, expected: number): void {
    this.#figures.push({
      what,
      value: format(value),
      rule: `= ${format(expected)}`,
      holds: value === expected,
    });
  }

  /** A figure that must not be larger. */
  atMost(what: string, value: number, limit: number, unit = ""): void {
    this.#figures.push({
      what,
      value: format(value) + unit,
      rule: `≤ ${format(limit)}${unit}`,
      holds: value <= limit,
    });
  }

  /** A figure that must not be smaller. */
  atLeast(what: string, value: number, limit: number): void {
    this.#figures.push({
      what,
      value: format(value),
      rule: `≥ ${format(limit)}`,
      holds: value >= limit,
    });
  }

  /** Adds what went so wrong that there are no figures. */
  fail(error: unknown): void {
    const value = error instanceof Error ? (error.stack ?? error.message) : String(error);
    this.#figures.push({ what: "error", value, rule: "none", holds: false });
  }

  toString(): string {
    const width = (of: (figure: Figure) => string): number =>
      Math.max(...this.#figures.map((figure) => of(figure).length));
    const [what, value] = [width(({ what }) => what), width(({ value }) => value)];
    return this.#figures
      .map((figure) => {
        const rule =
          figure.rule === undefined ? "" : `  ${figure.holds ? "ok " : "NOT"} ${figure.rule}`;
        return `  ${figure.what.padEnd(what)}  ${figure.value.padStart(Math.min(value, 40))}${rule}`;
      })
      .join("\n");
  }
}

function format(value: string | number): string {
  if (typeof value === "string") return value;
  return value.toLocaleString("en", { maximumFractionDigits: 1 });
}
