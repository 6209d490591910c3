import { ensureTool, newestNode } from "../tools/tools.ts";

export interface Runtime {
  readonly kind: "node" | "deno" | "bun";
  readonly command: string;
}

/** The runtime this process runs in. */
export function currentRuntime(): Runtime {
  const { versions } = process;
  const kind =
    versions["deno"] === undefined ? (versions["bun"] === undefined ? "node" : "bun") : "deno";
  return { kind, command: process.execPath };
}

/**
 * The runtime a name stands for: `node22` and the like is the one in .tools, `node`, `deno` and `bun` the running one
 * when it is of that kind, else the one in .tools, and `node:/path`, `deno:/path`, `bun:/path` that file.
 */
export async function findRuntime(name: string): Promise<Runtime> {
  const [, kind, version, path] = /^(node|deno|bun)(\d*)(?::(.+))?$/.exec(name) ?? [];
  if (!isKind(kind)) throw new Error(`Cannot run the tests on an unknown runtime: ${name}`);
  if (path !== undefined) return { kind, command: path };
  const current = currentRuntime();
  if (!version && current.kind === kind) return current;
  return { kind, command: await ensureTool(name === "node" ? newestNode : name) };
}

function isKind(kind: string | undefined): kind is Runtime["kind"] {
  return kind === "node" || kind === "deno" || kind === "bun";
}
