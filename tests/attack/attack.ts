import type { Report } from "../chaos/report.ts";
import type { PrivateBroker } from "../support/private_broker.ts";
import { Random } from "./random.ts";

/** So many broken rules of a scenario are told one by one. */
const SHOWN = 40;

/** What a scenario is given. */
export interface AttackOptions {
  readonly seed: number;
  /** Whether it is the form that is part of the gate. */
  readonly short: boolean;
  /** Starts the node that scenarios share, or gives the one that runs. */
  readonly broker: () => Promise<PrivateBroker>;
  /** Fewer or more rounds than a scenario takes of itself. */
  readonly rounds: number | undefined;
  /** Runs this case alone, by its name or number. */
  readonly only: string | undefined;
}

/** One run of one scenario. */
export class Attack {
  readonly report: Report;
  readonly seed: number;
  readonly short: boolean;
  readonly only: string | undefined;
  readonly #options: AttackOptions;
  readonly #failures: string[] = [];

  constructor(report: Report, options: AttackOptions) {
    this.report = report;
    this.seed = options.seed;
    this.short = options.short;
    this.only = options.only;
    this.#options = options;
  }

  broker(): Promise<PrivateBroker> {
    return this.#options.broker();
  }

  /** How many rounds to make. */
  rounds({ short, full }: { readonly short: number; readonly full: number }): number {
    return this.#options.rounds ?? (this.short ? short : full);
  }

  random(part: string): Random {
    return Random.of(this.seed, part);
  }

  /** Notes a case that broke its rule. */
  fail(name: string, reason: string): void {
    this.#failures.push(`${name}: ${reason}`);
  }

  get failures(): readonly string[] {
    return this.#failures;
  }

  /** Cases that broke their rules, told one by one, up to a limit. */
  reportFailures(what: string): void {
    this.report.exactly(0, this.#failures.length, what);
    for (const failure of this.#failures.slice(0, SHOWN)) this.report.breach(failure);
    const more = this.#failures.length - SHOWN;
    if (more > 0) this.report.breach(`${more} more`);
  }
}

/** A scenario. */
export type Scenario = (attack: Attack) => Promise<void>;

/** Works on items, up to so many at a time. */
export async function inParallel<T>(
  items: readonly T[],
  atATime: number,
  work: (item: T, index: number) => Promise<void>,
): Promise<void> {
  let next = 0;
  const lanes = Array.from({ length: Math.min(atATime, items.length) }, async () => {
    for (let index = next++; index < items.length; index = next++)
      await work(items[index] as T, index);
  });
  await Promise.all(lanes);
}

/** Waits. */
export function sleep(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
