import process from "node:process";

import type { SettingsProblem } from "../../errors.ts";
import { BgtasksError, SettingsError } from "../../errors.ts";
import type { ResolvedSettings, Settings } from "../../settings/settings.ts";
import { isLoopback, resolveSettings } from "../../settings/settings.ts";

import { jobTasks } from "../../jobs/job_registry.ts";
import { rpcTasks } from "../../tasks/task_registry.ts";
import { VERSION } from "../../version.ts";
import type { Found } from "../project/found_tasks.ts";
import { listJobs, listTasks, noTasks } from "../project/found_tasks.ts";
import { loadTasks } from "../project/load_tasks.ts";
import { count, printable } from "../terminal/output.ts";
import { describeRuntime } from "../project/runtime.ts";
import type { SettingReport } from "../project/settings_report.ts";
import { reportSettings } from "../project/settings_report.ts";
import { checkBroker } from "./broker_checks.ts";
import type { Check } from "./check.ts";

/** Everything that was looked at. */
export interface Examination {
  /** False when any check found a problem. */
  readonly ok: boolean;
  readonly settings: readonly SettingReport[];
  readonly checks: readonly Check[];
}

/** Looks at versions, tasks, settings and the broker. Each goes as far as what was found before allows. */
export async function examine(
  globs: readonly string[] | undefined,
  explicit: Settings,
  management: string | undefined,
): Promise<Examination> {
  const runtime: Check = {
    name: "versions",
    verdict: "ok",
    message: `bgtasks ${VERSION} on ${describeRuntime()}`,
  };
  // First, as task modules may configure().
  const [found, taskCheck] = await checkTasks(globs);
  const [settings, settingsCheck] = checkSettings(explicit);
  const checks = [
    runtime,
    settingsCheck,
    taskCheck,
    ...(await lookAtBroker(settings, found, management)),
  ];
  return {
    ok: checks.every(({ verdict }) => verdict !== "problem"),
    settings: settings ? reportSettings(settings, explicit) : [],
    checks,
  };
}

async function checkTasks(globs: readonly string[] | undefined): Promise<[Found, Check]> {
  const nothing: Found = { tasks: [], jobs: [] };
  const name = "tasks";
  try {
    const modules = await loadTasks(globs);
    if (rpcTasks.size + jobTasks.size === 0) {
      const { message } = await noTasks("check the queues", globs, modules);
      const remedy = "None are needed where others' tasks are only called.";
      return [nothing, { name, verdict: "warning", message, remedy }];
    }
    const found = { tasks: listTasks(modules), jobs: listJobs(modules) };
    const { tasks, jobs } = found;
    const files = new Set([...tasks, ...jobs].map(({ file }) => file)).size;
    const all = jobs.length > 0 ? ` and ${count(jobs.length, "job")}` : "";
    const message = `${count(tasks.length, "task")}${all} in ${count(files, "module")}`;
    return [found, { name, verdict: "ok", message }];
  } catch (error) {
    if (!(error instanceof BgtasksError)) throw error;
    const remedy = firstLine(error.cause) ?? "Repair the module.";
    const message = printable(error.message);
    return [nothing, { name, verdict: "problem", message, remedy }];
  }
}

/** Where a module failed, by its stack. */
function firstLine(cause: unknown): string | undefined {
  if (!(cause instanceof Error)) return undefined;
  const line = /^\s+at .*$/m.exec(cause.stack ?? "")?.[0];
  return line === undefined ? undefined : `Repair the module; it failed ${line.trim()}.`;
}

function checkSettings(explicit: Settings): [ResolvedSettings | undefined, Check] {
  const name = "settings";
  try {
    const settings = resolveSettings(explicit);
    return [settings, { name, verdict: "ok", message: "every one is valid" }];
  } catch (error) {
    if (!(error instanceof SettingsError)) throw error;
    const list = error.problems.map(({ path, message }: SettingsProblem) => `${path}: ${message}`);
    const remedy = "Set them right, or unset them.";
    return [undefined, { name, verdict: "problem", message: list.join("\n"), remedy }];
  }
}

async function lookAtBroker(
  settings: ResolvedSettings | undefined,
  found: Found,
  management: string | undefined,
): Promise<readonly Check[]> {
  if (!settings) {
    const message = "not looked at, as the settings are wrong";
    return [{ name: "connect", verdict: "skipped", message }];
  }
  if (isLoopback(settings)) {
    const message = 'none is used, as the environment is "test": everything stays in its process';
    const remedy = `Unset ENVIRONMENT to use a broker: it is ${process.env["ENVIRONMENT"] ?? "set by configure()"}.`;
    return [{ name: "connect", verdict: "warning", message, remedy }];
  }
  return checkBroker(settings, found, management);
}
