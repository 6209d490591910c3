import type { SessionStep } from "./session.ts";

/** A session and the runtime it was in. */
export interface SessionReport {
  /** The runtime with its version. */
  readonly runtime: string;
  readonly steps: readonly SessionStep[];
}

/** What the steps of every session are, in their order. */
const STEP_NAMES = [
  "write the project",
  "install its dependencies",
  "run its test, without a broker",
  "check its types",
  "start the images service",
  "run the users service, which calls it",
  "call from the command line",
] as const;

/** Of these steps the output says nothing to a reader. */
const SILENT = new Set([1, 2, 3]);

/** docs/first-ten-minutes.md */
export function writeReport(reports: readonly SessionReport[], where: string): string {
  const runtimes = reports.map(({ runtime }) => runtime);
  const row = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
  const seconds = (value: number): string => `${value.toFixed(1)} s`;
  const total = ({ steps }: SessionReport): string =>
    seconds(steps.reduce((sum, step) => sum + step.seconds, 0));
  const table = [
    row(["step", ...runtimes]),
    row(["---", ...runtimes.map(() => "--:")]),
    ...STEP_NAMES.map((name, index) =>
      row([name, ...reports.map(({ steps }) => seconds(steps[index]?.seconds ?? Number.NaN))]),
    ),
    row(["together", ...reports.map(total)]),
  ];
  return [
    "# The first ten minutes",
    "",
    "`npm run check -- newcomer` wrote this page. It packs the package, and on each runtime begins in an empty folder with empty",
    "caches: it writes a project by `bgtasks init`, starts one service and has the other call it. It fails when a command",
    "fails or does not print what it should.",
    "",
    "The package comes from a registry on the same machine, as npm pack makes it; what it depends on comes from where npm",
    "gets it. RabbitMQ runs already, as after `docker compose up`. Addresses and folders are shown as they would be by",
    "default.",
    "",
    `How long the machine took, ${where}:`,
    "",
    ...table,
    ...reports.flatMap(transcript),
    "",
  ].join("\n");
}

function transcript({ runtime, steps }: SessionReport): string[] {
  const lines = steps.flatMap(({ command, output }, index) => {
    const said = SILENT.has(index) ? "" : output.trim();
    const enter = index === 1 ? ["$ cd shop"] : [];
    return [...enter, `$ ${command}`, ...(said === "" ? [] : [said, ""])];
  });
  if (lines.at(-1) === "") lines.pop();
  return ["", `## ${runtime}`, "", "```console", ...lines, "```"];
}
