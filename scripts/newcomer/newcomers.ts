/** What a newcomer to one runtime types. */
export interface Newcomer {
  /** As in `npm run tools`. */
  readonly tool: string;
  /** What the runtime calls itself. */
  readonly runtime: string;
  /** The names under which that program is called. */
  readonly names: readonly string[];
  readonly init: string;
  readonly install: string;
  readonly run: string;
  readonly command: string;
}

const node = {
  runtime: "Node",
  names: ["node"],
  init: "npx --yes bgtasks init shop",
  install: "npm install",
  run: "npm run",
  command: "npx bgtasks",
} as const;

/** A newcomer for each runtime; of Node one that imports TypeScript by itself and one that does not. */
export const newcomers: readonly Newcomer[] = [
  { tool: "node26", ...node },
  { tool: "node20", ...node },
  {
    tool: "deno",
    runtime: "Deno",
    names: ["deno"],
    init: "deno run -A npm:bgtasks init shop",
    install: "deno install",
    run: "deno task",
    command: "deno run -A npm:bgtasks",
  },
  {
    tool: "bun",
    runtime: "Bun",
    names: ["bun", "bunx"],
    init: "bunx --bun bgtasks init shop",
    install: "bun install",
    run: "bun run",
    command: "bunx --bun bgtasks",
  },
];
