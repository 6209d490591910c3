// `npm run bench [-- NAME] [-- option…]`: the benchmark of that name, by default this library beside its peers. On another
// runtime: `deno run -A bench/main.ts NAME`, `bun bench/main.ts NAME`.
import { inProject } from "../scripts/project.ts";
import { mustRun } from "../scripts/package/steps.ts";
import { type Part, runPart } from "../scripts/run_part.ts";

const parts: Readonly<Record<string, Part>> = {
  peers: {
    about: "this library beside its peers and the limit, on a broker",
    run: async () => {
      await installPeers();
      await import("./peers.ts");
    },
  },
  tables: {
    about: "writes the tables of docs/performance.md from bench/results",
    run: () => import("./write_tables.ts"),
  },
  guard: {
    about: "fails when calls are much slower than the limit",
    run: () => import("./guard.ts"),
  },
  compare: {
    about: "this checkout beside another one, whose folder is the argument",
    run: () => import("./compare.ts"),
  },
  client: {
    about:
      "the CPU time of a caller, beside that of another checkout, whose folder is the argument",
    run: () => import("./client_cpu.ts"),
  },
  loopback: { about: "calls per second without a broker", run: () => import("./loopback.ts") },
  streams: {
    about: "items of streams beside frames by hand in the same batches, and beside peers",
    run: async () => {
      if (!process.argv.includes("--alone")) await installPeers();
      await import("./streams.ts");
    },
  },
  jobs: {
    about: "sending and doing jobs, beside peers and frames by hand",
    run: async () => {
      await installPeers();
      await import("./jobs/main.ts");
    },
  },
  serializers: {
    about: "what a serializer costs beside DataLoader and a bare Map",
    run: async () => {
      await installPeers();
      await import("./serializers/main.ts");
    },
  },
  import: { about: "importing the built library", run: () => import("./import_time.ts") },
  routes: { about: "a worker with a thousand routes", run: () => import("./routes.ts") },
  scaling: { about: "two workers beside one", run: () => import("./scaling.ts") },
  profile: { about: "where a call's time goes, on Node", run: () => import("./profile.ts") },
};

/** The peers' packages are apart from the library's own. */
async function installPeers(): Promise<void> {
  const folder = inProject("bench");
  await mustRun("npm", ["install", "--prefix", folder, "--no-audit", "--no-fund", "--silent"]);
}

await runPart("npm run bench", parts, "peers");
