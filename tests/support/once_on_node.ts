const { bun, deno } = process.versions;

/**
 * For tests of what does not depend on the runtime, such as what a compiler says. `BGTASKS_SKIP_LONG=1` leaves them out:
 * they were run on the first runtime then.
 */
export const onceOnNode = {
  skip:
    bun || deno
      ? "does not depend on the runtime, and is run on Node"
      : process.env["BGTASKS_SKIP_LONG"] === "1"
        ? "does not depend on the runtime, and BGTASKS_SKIP_LONG is set"
        : false,
} as const;
