import { ConnectionRefusedError } from "../../errors.ts";
import type { BrokerHost, ResolvedSettings } from "../../settings/settings.ts";
import type {
  BrokerGreeting,
  BrokerInspection,
} from "../../transport/amqp/topology/broker_inspection.ts";
import { HOW_TO_BE_LET_IN, HOW_TO_REACH_A_BROKER } from "../project/broker_address.ts";
import type { Found, FoundTask } from "../project/found_tasks.ts";
import { quote } from "../../messages/printable.ts";
import { count, printable } from "../terminal/output.ts";
import type { Check } from "./check.ts";
import { messageOf, problem } from "./check.ts";
import { connectRemedy } from "./connect_remedy.ts";
import { checkJobs, notLookedAt, warnOfProduct } from "./job_checks.ts";
import { checkManagement } from "./management_checks.ts";

/** The oldest RabbitMQ that bgtasks is tested with. */
const OLDEST_TESTED = [3, 10] as const;

/**
 * Looks at every host, and through the first that lets us in at permissions and the queues of tasks and jobs.
 *
 * @param management the URL of the broker's management page, if somebody named it
 */
export async function checkBroker(
  settings: ResolvedSettings,
  { tasks, jobs }: Found,
  management: string | undefined,
): Promise<readonly Check[]> {
  const more = await lookBeside(settings, jobs.length > 0, management);
  return [...(await checkByAMQP(settings, { tasks, jobs })), ...more];
}

/** What AMQP cannot tell. */
async function lookBeside(
  settings: ResolvedSettings,
  hasJobs: boolean,
  management: string | undefined,
): Promise<readonly Check[]> {
  if (management !== undefined) return checkManagement(management, settings);
  return hasJobs ? [notLookedAt(settings)] : [];
}

async function checkByAMQP(
  settings: ResolvedSettings,
  { tasks, jobs }: Found,
): Promise<readonly Check[]> {
  const checks: Check[] = [];
  let inspection: BrokerInspection | undefined;
  try {
    for (const host of settings.hosts) {
      const [opened, found] = await checkHost(host, settings, jobs.length > 0);
      checks.push(...found);
      if (inspection) await opened?.[Symbol.asyncDispose]();
      else inspection = opened;
    }
    if (!inspection) return [...checks, ...skipped({ tasks, jobs })];
    checks.push(await checkPermissions(inspection, settings));
    checks.push(await checkReplies(inspection, settings));
    for (const task of tasks) checks.push(await checkQueue(inspection, task));
    if (jobs.length > 0) checks.push(...(await checkJobs(inspection, jobs)));
  } finally {
    await inspection?.[Symbol.asyncDispose]();
  }
  return checks;
}

async function checkHost(
  host: BrokerHost,
  settings: ResolvedSettings,
  hasJobs: boolean,
): Promise<[BrokerInspection | undefined, Check[]]> {
  const { BrokerInspection, readGreeting } =
    await import("../../transport/amqp/topology/broker_inspection.ts");
  const where = `${host.host}:${host.port}${host.tls ? " (TLS)" : ""}`;
  let greeting: BrokerGreeting;
  try {
    greeting = await readGreeting(host, settings);
  } catch (error) {
    const message = messageOf(error);
    return [undefined, [problem("connect", message, connectRemedy(host, message))]];
  }
  const checks = [checkVersion(where, greeting)];
  if (hasJobs && greeting.product !== "RabbitMQ") checks.push(warnOfProduct(greeting));
  try {
    const inspection = await BrokerInspection.open(host, settings);
    const { username, vhost } = settings;
    const message = `${where} let "${username}" into virtual host "${vhost}"`;
    return [inspection, [...checks, { name: "connect", verdict: "ok", message }]];
  } catch (error) {
    const name = isAboutVhost(error) ? "vhost" : "connect";
    return [undefined, [...checks, problem(name, messageOf(error), howToEnter(error, settings))]];
  }
}

function checkVersion(where: string, { product, version }: BrokerGreeting): Check {
  const message = printable(`${where} is ${product} ${version}`);
  const [major = 0, minor = 0] = version.split(".").map(Number);
  const [oldestMajor, oldestMinor] = OLDEST_TESTED;
  const isTested =
    product === "RabbitMQ" &&
    (major > oldestMajor || (major === oldestMajor && minor >= oldestMinor));
  if (isTested) return { name: "broker", verdict: "ok", message };
  const remedy = `bgtasks is tested with RabbitMQ ${OLDEST_TESTED.join(".")} and newer.`;
  return { name: "broker", verdict: "warning", message, remedy };
}

async function checkPermissions(
  inspection: BrokerInspection,
  { connectTimeout, username, vhost }: ResolvedSettings,
): Promise<Check> {
  const name = "permissions";
  try {
    await inspection.tryPrivateQueue(connectTimeout);
    const message = "a private queue could be declared, written to and consumed";
    return { name, verdict: "ok", message };
  } catch (error) {
    const grant = `rabbitmqctl set_permissions -p ${vhost} ${username} ".*" ".*" ".*"`;
    return problem(name, messageOf(error), `Let the broker's administrator grant them: ${grant}`);
  }
}

/** Whether a worker would let the replies to callers of this broker out, and whether they arrive. */
async function checkReplies(
  inspection: BrokerInspection,
  { connectTimeout }: ResolvedSettings,
): Promise<Check> {
  const name = "replies";
  try {
    const refusedName = await inspection.tryReply(connectTimeout);
    if (refusedName === undefined)
      return { name, verdict: "ok", message: "a reply came back by direct reply-to" };
    const prefix = refusedName.replace(/[^.]*$/, "");
    return problem(
      name,
      `workers refuse the reply queues that this broker gives to callers, e.g. ${quote(refusedName)}`,
      `Let them by AMQP_ALLOW_REPLY_TO=${printable(prefix)} where the workers run, and report it: https://github.com/bgtasks/bgtasks/issues`,
    );
  } catch (error) {
    const remedy =
      "Every call needs direct reply-to: https://www.rabbitmq.com/docs/direct-reply-to. Ask the broker's administrator.";
    return problem(name, messageOf(error), remedy);
  }
}

async function checkQueue(inspection: BrokerInspection, { task }: FoundTask): Promise<Check> {
  const { route, options } = task;
  const name = `queue ${route}`;
  try {
    const queue = await inspection.findQueue(route);
    if (queue.kind === "missing") {
      const message = "does not exist yet; its first worker declares it";
      return { name, verdict: "ok", message };
    }
    if (queue.kind === "exclusive elsewhere") {
      const remedy = "Stop the program that declared it as exclusive: no worker can serve it.";
      return problem(name, "belongs to another connection alone", remedy);
    }
    const clash = await inspection.findClash(route, options.queue ?? {});
    if (clash !== undefined) {
      const remedy =
        "Workers use it as it is. To have it as declared here, stop its workers, delete the queue\n" +
        "and start them again; or give the task the `queue` options that the queue has.";
      return { name, verdict: "warning", message: `has other properties: ${clash}`, remedy };
    }
    const { messages, consumers } = queue;
    const message = `${messages} waiting, ${count(consumers, "consumer")}`;
    if (messages === 0 || consumers > 0) return { name, verdict: "ok", message };
    return { name, verdict: "warning", message, remedy: "Start a worker: nobody serves it." };
  } catch (error) {
    const remedy = "Another connection may own it, or this user may not declare it.";
    return problem(name, messageOf(error), remedy);
  }
}

function skipped({ tasks, jobs }: Found): Check[] {
  const message = "not looked at, as no host lets us in";
  const names = [
    ...["permissions", "replies", ...tasks.map(({ task }) => `queue ${task.route}`)],
    ...jobs.map(({ job }) => `job ${job.route}`),
  ];
  return names.map((name) => ({ name, verdict: "skipped", message }));
}

function howToEnter(error: unknown, { username, vhost, hosts }: ResolvedSettings): string {
  if (isAboutVhost(error)) {
    return (
      `Check the name "${vhost}" in the URL's path or AMQP_VHOST, or let the broker's administrator add it:\n` +
      `rabbitmqctl add_vhost ${vhost}; rabbitmqctl set_permissions -p ${vhost} ${username} ".*" ".*" ".*"`
    );
  }
  if (!(error instanceof ConnectionRefusedError)) return HOW_TO_REACH_A_BROKER;
  const isLocal = hosts.every(({ host }) => /^(?:localhost|127\.|::1$)/.test(host));
  const guest = "\nThe user guest may only come from the broker's own machine.";
  return `${HOW_TO_BE_LET_IN}${username === "guest" && !isLocal ? guest : ""}`;
}

/** 530: the user is known, the virtual host is not, or not open to it. */
function isAboutVhost(error: unknown): boolean {
  return error instanceof ConnectionRefusedError && error.message.endsWith("(530)");
}
