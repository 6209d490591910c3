import { BgtasksError } from "../../errors.ts";
import { printable } from "../terminal/output.ts";

/** One thing that was looked at. */
export interface Check {
  readonly name: string;
  /** `skipped` as something before it went wrong. */
  readonly verdict: "ok" | "warning" | "problem" | "skipped";
  /** What was seen. */
  readonly message: string;
  /** What to do about it. */
  readonly remedy?: string;
}

/** Something that does not work. Its message may come from the broker. */
export function problem(name: string, message: string, remedy: string): Check {
  return { name, verdict: "problem", message: printable(message), remedy };
}

/** What the library says of a failure. Throws what is not an error of the library. */
export function messageOf(error: unknown): string {
  if (error instanceof BgtasksError) return error.message;
  throw error;
}
