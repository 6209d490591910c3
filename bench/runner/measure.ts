import type { Runtime } from "../../scripts/testing/runtime.ts";
import type { Payload } from "../payloads.ts";
import type { RowEntry } from "../rows/rows.ts";
import { Contender, type Mode, type Sample } from "./contender.ts";
import { HELD_CALLS, IN_FLIGHT, type Plan, PREFETCH } from "./plan.ts";

/** The samples of one row at one number of calls in flight, by round; a hole where the row had failed. */
export interface Series {
  readonly row: string;
  readonly mode: Mode;
  readonly payload: string;
  readonly inFlight: number;
  readonly samples: (Sample | undefined)[];
}

export interface HeldBytes {
  readonly row: string;
  readonly bytesPerCall: readonly number[];
}

/** A row that could not be measured, or not to the end. */
export interface Failure {
  readonly row: string;
  readonly reason: string;
}

/** Measures rows on a broker. */
export class Measurement {
  readonly series: Series[] = [];
  readonly held: HeldBytes[] = [];
  readonly failures: Failure[] = [];
  readonly #url: string;
  readonly #runtime: Runtime;
  readonly #plan: Plan;
  readonly #routes: string[];
  readonly #id = crypto.randomUUID().slice(0, 8);

  /** @param routes where every queue that it declares is noted, to be deleted by whoever runs it */
  constructor(url: string, runtime: Runtime, plan: Plan, routes: string[]) {
    this.#url = url;
    this.#runtime = runtime;
    this.#plan = plan;
    this.#routes = routes;
  }

  /** Measures the rows in turn, round by round, so that what else the machine does in a while hits all of them. */
  async drive(rows: readonly RowEntry[], payload: Payload, mode: Mode): Promise<void> {
    const contenders: Contender[] = [];
    const opened = await Promise.all(
      rows.map((row) => this.#attempt(row, () => this.#open(row, mode))),
    );
    for (const contender of opened) if (contender) contenders.push(contender);
    try {
      for (const contender of contenders) {
        await this.#attempt(contender.row, () =>
          contender.drive(payload.id, 100, this.#plan.warmUp),
        );
      }
      for (let round = 0; round < this.#plan.rounds; round++) {
        for (const inFlight of IN_FLIGHT) {
          // Close to each other, as the machine's speed changes within seconds.
          for (let turn = 0; turn < contenders.length; turn++) {
            const contender = contenders[(turn + round) % contenders.length];
            if (!contender) continue;
            const sample = await this.#attempt(contender.row, () =>
              contender.drive(payload.id, inFlight, this.#plan.drive),
            );
            this.#seriesOf(contender.row.id, mode, payload.id, inFlight).samples[round] = sample;
          }
        }
      }
    } finally {
      await Promise.all(contenders.map((contender) => contender.close()));
    }
  }

  /** Measures what a pending call keeps in memory, in processes of its own. */
  async hold(rows: readonly RowEntry[]): Promise<void> {
    for (const row of rows) {
      const bytesPerCall: number[] = [];
      for (let i = 0; i < this.#plan.holds; i++) {
        const contender = await this.#attempt(row, () => this.#open(row, "two"));
        const held = await this.#attempt(row, () => contender?.hold(HELD_CALLS));
        if (held) bytesPerCall.push(held.bytesPerCall);
        await contender?.kill();
      }
      if (bytesPerCall.length > 0) this.held.push({ row: row.id, bytesPerCall });
    }
  }

  #seriesOf(row: string, mode: Mode, payload: string, inFlight: number): Series {
    const known = this.series.find(
      (series) =>
        series.row === row &&
        series.mode === mode &&
        series.payload === payload &&
        series.inFlight === inFlight,
    );
    if (known) return known;
    const series: Series = { row, mode, payload, inFlight, samples: [] };
    this.series.push(series);
    return series;
  }

  #open(row: RowEntry, mode: Mode): Promise<Contender> {
    const route = `bgtasks-bench-${this.#id}-${this.#routes.length}`;
    this.#routes.push(route);
    return Contender.open(row, mode, this.#runtime, { url: this.#url, route, prefetch: PREFETCH });
  }

  /** A row that fails is reported, and left out from then on; the others go on. */
  async #attempt<Result>(
    row: RowEntry,
    action: () => Promise<Result> | undefined,
  ): Promise<Result | undefined> {
    if (this.failures.some((failure) => failure.row === row.id)) return undefined;
    try {
      return await action();
    } catch (error) {
      const reason = (error instanceof Error ? error.message : String(error)).replace(
        /^Error: /,
        "",
      );
      this.failures.push({ row: row.id, reason });
      console.error(`${row.id}: ${reason}`);
      return undefined;
    }
  }
}
