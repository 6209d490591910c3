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
