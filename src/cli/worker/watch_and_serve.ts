import { relative } from "node:path";
import process from "node:process";

import type { ExitCode } from "../terminal/exit_code.ts";
import { count, printable } from "../terminal/output.ts";
import { paintFor } from "../terminal/paint.ts";
import { onStopSignal } from "../terminal/signals.ts";
import { ownCommand } from "./own_command.ts";
import { SourceWatch } from "./source_watch.ts";
import type { ModuleFailure, WorkerReport } from "./process_messages.ts";
import { ProcessKeeper } from "./process_keeper.ts";
import type { WorkerCommandOptions } from "./worker_options.ts";
import { optionsOfOne } from "./worker_options.ts";
import { WorkerProcess } from "./worker_process.ts";

/** How many changed files are named. */
const MAX_NAMED = 3;

/** Keeps one or more processes that serve, until a signal; starts them anew when sources change, if it shall watch. */
export async function supervise(options: WorkerCommandOptions, main: string): Promise<ExitCode> {
  const { drainTimeout, processes = 1, watch = false } = options;
  const [program, before] = ownCommand(main);
  const args = [...before, "worker", ...optionsOfOne(options)];
  const announcer = new Announcer(processes, watch);
  let sources: SourceWatch | undefined;
  const supervisor = new ProcessKeeper({
    processes,
    watch,
    drainTimeout,
    print: printLine,
    start: (number, onReport) =>
      new WorkerProcess([program, args], { process: number, processes, watch }, onReport),
    onReport: (number, report) => {
      if (report.state === "loaded") void sources?.add(report.files);
      announcer.take(number, report);
    },
  });
  onStopSignal(
    (signal) => {
      printLine(`${signal}: waiting for running handlers; again to leave at once.`);
      supervisor.stop();
    },
    () => supervisor.kill(),
  );
  if (watch) {
    sources = await SourceWatch.open(process.cwd(), (paths) => {
      announcer.changed(paths);
      supervisor.reload();
    });
  }
  const exitCode = await supervisor.run();
  sources?.[Symbol.dispose]();
  printLine("Stopped.");
  return exitCode;
}

/** Tells people what the processes report: once, however many they are. */
class Announcer {
  readonly #processes: number;
  readonly #watch: boolean;
  readonly #ready = new Set<number>();
  #routes: readonly string[] | undefined;
  #news = "";
  #failures: readonly ModuleFailure[] = [];
  #hasFirstReport = false;
  #reloadingSince: number | undefined;

  constructor(processes: number, watch: boolean) {
    this.#processes = processes;
    this.#watch = watch;
  }

  changed(paths: readonly string[]): void {
    const named = paths.slice(0, MAX_NAMED).map((path) => relative(process.cwd(), path));
    const more = paths.length - named.length;
    printLine(`changed: ${named.join(", ")}${more > 0 ? ` and ${more} more` : ""}`);
    this.#reloadingSince = performance.now();
    this.#hasFirstReport = false;
    this.#ready.clear();
  }

  take(number: number, report: WorkerReport): void {
    if (report.state === "ready") this.#takeReady(number);
    else if (!this.#hasFirstReport) this.#takeLoaded(report);
  }

  #takeLoaded({ banner, routes, failures }: Extract<WorkerReport, { state: "loaded" }>): void {
    this.#hasFirstReport = true;
    if (this.#routes === undefined) printLine(banner);
    else this.#news = describeNews(this.#routes, routes);
    this.#routes = routes;
    this.#failures = failures;
    const paint = paintFor(process.stderr);
    for (const { place, message } of failures)
      process.stderr.write(`${paint("red", printable(place))}: ${printable(message)}\n`);
  }

  #takeReady(number: number): void {
    const isFirst = this.#ready.size < this.#processes && !this.#ready.has(number);
    this.#ready.add(number);
    if (!isFirst) printLine(`process ${number} is back.`);
    else if (this.#ready.size === this.#processes) this.#announceReady();
  }

  #announceReady(): void {
    const failed = this.#failures.length;
    const without = failed > 0 ? `, without ${count(failed, "module")} that failed` : "";
    if (this.#reloadingSince === undefined) {
      const who = this.#processes === 1 ? "Ready" : `Ready, ${this.#processes} processes`;
      const how = this.#watch ? " Watches for changes;" : "";
      printLine(`${who}${without}.${how} Ctrl-C drains and stops.`);
    } else {
      const seconds = ((performance.now() - this.#reloadingSince) / 1_000).toFixed(1);
      const tasks = count(this.#routes?.length ?? 0, "task");
      printLine(`reloaded in ${seconds} s: ${tasks}${this.#news}${without}`);
    }
    this.#reloadingSince = undefined;
  }
}

function describeNews(before: readonly string[], now: readonly string[]): string {
  const added = now.filter((route) => !before.includes(route)).map((route) => `+ ${route}`);
  const gone = before.filter((route) => !now.includes(route)).map((route) => `− ${route}`);
  const news = [...added, ...gone];
  return news.length === 0 ? "" : printable(` (${news.join(", ")})`);
}

function printLine(text: string): void {
  process.stdout.write(`${text}\n`);
}
