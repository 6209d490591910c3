import type { Rule } from "../options/rules.ts";
import { must } from "../options/rules.ts";
import { MAX_DELAY } from "./delay_ladder.ts";

/** What a delay has to be, in words. */
export const DELAY_NAME: string = `a number of milliseconds from 0 to ${MAX_DELAY}, which is ten years`;

/** Whether a value is a delay that jobs may have. */
export function isDelay(value: unknown): value is number {
  return typeof value === "number" && value >= 0 && value <= MAX_DELAY;
}

/** A delay among options. */
export const delayRule = (): Rule => must(isDelay, `must be ${DELAY_NAME}`);
