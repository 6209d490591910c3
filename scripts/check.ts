// `npm run check [-- NAME [argument…]]`: the quick checks of the code, or the check of that name.
import { type Part, runPart } from "./run_part.ts";
import { inProject, projectRoot } from "./project.ts";
import { runCommand } from "./run_command.ts";

type Command = readonly [program: string, ...args: string[]];

const format: readonly Command[] = [["oxfmt", "--check", "."]];
const lint: readonly Command[] = [["oxlint", "--type-aware", "--deny-warnings"]];
const types: readonly Command[] = [
  ["tsc"],
  ["tsc", "-p", "tsconfig.build.json", "--noEmit"],
  ["tsc", "-p", "examples/drizzle"],
  ["tsc", "-p", "examples/blog"],
];
const deadCode: readonly Command[] = [["knip"]];

const parts: Readonly<Record<string, Part>> = {
  code: {
    about: "the four that follow",
    run: () => runAll([...format, ...lint, ...types, ...deadCode]),
  },
  format: { about: "oxfmt; `npm run format` repairs it", run: () => runAll(format) },
  lint: { about: "oxlint, floating promises included", run: () => runAll(lint) },
  types: {
    about: "the compiler, on sources, tests, examples and scripts",
    run: () => runAll(types),
  },
  "dead-code": { about: "knip", run: () => runAll(deadCode) },
  docs: {
    about: "every export is documented, and the examples run",
    run: () => import("./check_docs.ts"),
  },
  package: {
    about: "packs the package and uses it as its users would",
    run: () => import("./check_package.ts"),
  },
  consumers: {
    about: "installs the package into projects that are set up otherwise, and runs them",
    run: () => import("./consumer_matrix.ts"),
  },
  asyncapi: {
    about: "what `bgtasks docs` writes, by AsyncAPI's own parser",
    run: () => import("./check_asyncapi.ts"),
  },
  newcomer: {
    about: "from an empty folder to the first call, on each runtime",
    run: () => import("./check_newcomer.ts"),
  },
};

/** Runs them all, whatever comes of the ones before, so that one run tells everything that is wrong. */
async function runAll(commands: readonly Command[]): Promise<void> {
  for (const [program, ...args] of commands) {
    const { code } = await runCommand(inProject(`node_modules/.bin/${program}`), args, {
      cwd: projectRoot,
      show: true,
    });
    if (code === 0) continue;
    console.error(`FAILED: ${[program, ...args].join(" ")}`);
    process.exitCode = 1;
  }
}

await runPart("npm run check", parts, "code");
