import type { ValidationIssue } from "../errors.ts";

/** How many issues are told; more would be no help to anybody. */
export const MAX_ISSUES = 100;

/** Issues, of which the first hundred are kept and the others counted. */
export class IssueList {
  #kept: ValidationIssue[] = [];
  #total = 0;
  #skipped = 0;

  /** How many there are, those that are not kept included. */
  get total(): number {
    return this.#total;
  }

  /** How many nobody made. */
  get skipped(): number {
    return this.#skipped;
  }

  /** Whether further ones would only be counted. */
  get isFull(): boolean {
    return this.#total >= MAX_ISSUES;
  }

  /** @param path copied, because who reports goes on walking with it */
  add(message: string, path: readonly (string | number)[]): void {
    if (this.#total++ < MAX_ISSUES) this.#kept.push({ message, path: [...path] });
  }

  /** Counts issues that nobody made. */
  skip(count: number): void {
    this.#total += count;
    this.#skipped += count;
  }

  /** What there is to tell, with a last issue that says how many more there are. Forgets all. */
  take(): ValidationIssue[] {
    const told = this.#kept;
    const more = this.#total - told.length;
    this.#kept = [];
    this.#total = 0;
    this.#skipped = 0;
    if (more > 0) told.push({ message: `There are ${more} more issues.`, path: [] });
    return told;
  }
}
