import process from "node:process";

/** What runs this program, e.g. `Deno 2.9.6`. */
export function describeRuntime(): string {
  const { bun, deno, node } = process.versions;
  if (deno) return `Deno ${deno}`;
  if (bun) return `Bun ${bun}`;
  return `Node ${node}`;
}
