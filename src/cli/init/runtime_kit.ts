import process from "node:process";

import { VERSION } from "../../version.ts";

/** Packages that a new project uses, with versions that this one is tested with. */
export const PACKAGE_RANGES: Readonly<Record<PackageName, string>> = {
  bgtasks: `^${VERSION}`,
  valibot: "^1.5.0",
  "@types/node": "^20.19.0",
  tsx: "^4.23.15",
  typescript: "^7.0.2",
};

type PackageName = "bgtasks" | "valibot" | "@types/node" | "tsx" | "typescript";

/** What a new project has in one runtime and not in the others. */
export interface RuntimeKit {
  readonly name: "Node" | "Deno" | "Bun";
  /** How dependencies are installed. */
  readonly install: string;
  /** How a script of the project is run, before its name. */
  readonly run: string;
  /** How the command is run in the project. */
  readonly command: string;
  /** The files that tell the runtime about the project, by their names. */
  readonly manifests: (projectName: string) => Readonly<Record<string, object>>;
}

/** The runtime that this program runs in. */
export interface RunningOn {
  readonly versions: Readonly<Partial<Record<string, string>>>;
  /** Whether Node imports TypeScript by itself. */
  readonly stripsTypes: boolean;
  /** Where this program was loaded from: JSR serves it by https. */
  readonly from: string;
}

const COMPILER_OPTIONS = {
  target: "es2022",
  module: "nodenext",
  strict: true,
  noUncheckedIndexedAccess: true,
  verbatimModuleSyntax: true,
  erasableSyntaxOnly: true,
  allowImportingTsExtensions: true,
  noEmit: true,
};

/** What fits a runtime; by default the one this program runs in. */
export function runtimeKit({ versions, stripsTypes, from }: RunningOn = here()): RuntimeKit {
  if (versions["deno"] !== undefined) return denoKit(from.startsWith("https:"));
  if (versions["bun"] !== undefined) return bunKit();
  return nodeKit(stripsTypes);
}

function here(): RunningOn {
  const { typescript } = process.features as { readonly typescript?: unknown };
  return {
    versions: process.versions,
    stripsTypes: Boolean(typescript),
    from: import.meta.url,
  };
}

function nodeKit(stripsTypes: boolean): RuntimeKit {
  const node = stripsTypes ? "node" : "node --import tsx";
  const scripts = {
    worker: "bgtasks worker --watch",
    start: `${node} users/main.ts`,
    // Node's own search for tests does not know TypeScript where a loader brings it.
    test: stripsTypes ? "node --test" : `${node} --test users/users.test.ts`,
    typecheck: "tsc",
  };
  return {
    name: "Node",
    install: "npm install",
    run: "npm run",
    command: "npx bgtasks",
    manifests: (name) => ({
      "package.json": {
        ...packageManifest(name, scripts, stripsTypes ? [] : ["tsx"]),
        engines: { node: stripsTypes ? ">=22.18" : ">=20" },
      },
      "tsconfig.json": { compilerOptions: { ...COMPILER_OPTIONS, types: ["node"] } },
    }),
  };
}

function bunKit(): RuntimeKit {
  const scripts = {
    worker: "bunx --bun bgtasks worker --watch",
    start: "bun users/main.ts",
    test: "bun test",
    typecheck: "tsc",
  };
  return {
    name: "Bun",
    install: "bun install",
    run: "bun run",
    command: "bunx --bun bgtasks",
    manifests: (name) => ({
      "package.json": packageManifest(name, scripts),
      "tsconfig.json": { compilerOptions: { ...COMPILER_OPTIONS, types: ["node"] } },
    }),
  };
}

function denoKit(fromJSR: boolean): RuntimeKit {
  const { bgtasks, valibot } = PACKAGE_RANGES;
  const library = fromJSR ? `jsr:@bgtasks/bgtasks@${bgtasks}` : `npm:bgtasks@${bgtasks}`;
  // The command has to come from the package that the tasks import: they register with its registry.
  const command = `deno run -A ${fromJSR ? `${library}/cli` : library}`;
  return {
    name: "Deno",
    install: "deno install",
    run: "deno task",
    command,
    manifests: () => ({
      "deno.json": {
        imports: { bgtasks: library, valibot: `npm:valibot@${valibot}` },
        tasks: {
          worker: `${command} worker --watch`,
          start: "deno run --allow-net --allow-env users/main.ts",
          test: "deno test --allow-net --allow-env",
          typecheck: "deno check",
        },
      },
    }),
  };
}

function packageManifest(
  name: string,
  scripts: Readonly<Record<string, string>>,
  loaders: readonly "tsx"[] = [],
): object {
  return {
    name,
    private: true,
    type: "module",
    scripts,
    dependencies: ranges("bgtasks", "valibot"),
    devDependencies: ranges("@types/node", ...loaders, "typescript"),
  };
}

function ranges(...names: PackageName[]): Readonly<Record<string, string>> {
  return Object.fromEntries(names.map((name) => [name, PACKAGE_RANGES[name]]));
}
