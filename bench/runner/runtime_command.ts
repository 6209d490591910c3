import { fileURLToPath } from "node:url";

import type { Runtime } from "../../scripts/testing/runtime.ts";

const stripTypes = fileURLToPath(new URL("../runtime/strip_types.mjs", import.meta.url));

/** The arguments that run one of our files in a runtime, with a garbage collector that can be asked. */
export function runArguments({ kind }: Runtime, file: string): string[] {
  switch (kind) {
    case "node":
      return ["--expose-gc", "--no-warnings", "--import", stripTypes, file];
    case "deno":
      return ["run", "-A", "--no-lock", "--no-check", "--v8-flags=--expose-gc", file];
    case "bun":
      return [file];
  }
}

/** The environment of a measured process: ours without what would change what is measured. */
export function cleanEnvironment(): NodeJS.ProcessEnv {
  const names = /^(AMQP_|BGTASKS_|ENVIRONMENT$|NODE_OPTIONS$|NODE_ENV$)/;
  return {
    ...Object.fromEntries(Object.entries(process.env).filter(([name]) => !names.test(name))),
    NODE_ENV: "production",
  };
}
