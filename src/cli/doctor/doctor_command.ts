import process from "node:process";

import { Command } from "commander";

import type { Settings } from "../../settings/settings.ts";
import type { Check } from "./check.ts";
import type { Examination } from "./examine.ts";
import { examine } from "./examine.ts";
import { ExitCode } from "../terminal/exit_code.ts";
import { jsonOption, tasksOption, urlOption } from "../terminal/options.ts";
import { columns, count, print } from "../terminal/output.ts";
import type { Paint } from "../terminal/paint.ts";
import { paintFor } from "../terminal/paint.ts";

interface DoctorCommandOptions {
  readonly tasks?: readonly string[];
  readonly url?: string;
  readonly json?: boolean;
  readonly management?: string;
}

/** How verdicts are shown, all as wide as the longest. */
const VERDICTS = {
  ok: { text: "ok     ", style: "green" },
  warning: { text: "warning", style: "yellow" },
  problem: { text: "PROBLEM", style: "red" },
  skipped: { text: "skipped", style: "dim" },
} as const;

/** `bgtasks doctor` */
export function doctorCommand(): Command {
  return new Command("doctor")
    .description("Check settings, broker, permissions and queues, and tell what to do.")
    .addOption(tasksOption())
    .addOption(urlOption())
    .option(
      "-m, --management <url>",
      "the page of RabbitMQ's management plugin, which tells of policies, alarms and replicas; user and password are those of the broker unless the URL names others",
    )
    .addOption(jsonOption())
    .addHelpText(
      "after",
      `
Examples:
  $ bgtasks doctor
  $ AMQP_URL=amqps://user:password@broker.example/vhost bgtasks doctor
  $ bgtasks doctor --management http://localhost:15672
  $ bgtasks doctor --json | jq '.checks[] | select(.verdict == "problem")'

Nothing is changed: what it declares is gone when it ends. Passwords are never shown.
Exit codes: 0 no problem, 1 a problem was found, 2 wrong usage.`,
    )
    .action(run);
}

async function run({ tasks, url, json, management }: DoctorCommandOptions): Promise<void> {
  const explicit: Settings = { url };
  const examination = await examine(tasks, explicit, management);
  if (json) await print(JSON.stringify(examination, null, 2));
  else await print(describe(examination, paintFor(process.stdout)));
  process.exit(examination.ok ? ExitCode.OK : ExitCode.FAILED);
}

function describe({ settings, checks }: Examination, paint: Paint): string {
  const parts = [checks.map((check) => describeCheck(check, checks, paint)).join("\n")];
  if (settings.length > 0) {
    const width = Math.max(...settings.map(({ value }) => value.length));
    const rows = settings.map(({ key, value, source }): [string, string] => [
      key,
      `${value.padEnd(width)}  ${paint("dim", source)}`,
    ]);
    parts.push(`settings\n${columns(rows)}`);
  }
  const problems = checks.filter(({ verdict }) => verdict === "problem").length;
  parts.push(
    problems === 0
      ? paint("green", "No problem found.")
      : paint("red", `${count(problems, "problem")} found.`),
  );
  return parts.join("\n\n");
}

function describeCheck(
  { name, verdict, message, remedy }: Check,
  all: readonly Check[],
  paint: Paint,
): string {
  const width = Math.max(...all.map((check) => check.name.length));
  const indent = " ".repeat(VERDICTS[verdict].text.length + width + 6);
  const { text, style } = VERDICTS[verdict];
  const first = `  ${paint(style, text)}  ${name.padEnd(width)}  ${message.split("\n").join(`\n${indent}`)}`;
  if (remedy === undefined) return first;
  return `${first}\n${indent}→ ${remedy.split("\n").join(`\n${indent}  `)}`;
}
