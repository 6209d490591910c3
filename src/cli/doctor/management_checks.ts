import { ladderTopology } from "../../jobs/delay_ladder.ts";
import { deadQueueName, jobTopology, readJobQueue } from "../../jobs/job_queues.ts";
import type { ResolvedSettings } from "../../settings/settings.ts";
import type { QueueRecord, Topology } from "../../transport/topology.ts";
import { count, printable } from "../terminal/output.ts";
import type { Check } from "./check.ts";
import { problem } from "./check.ts";
import type { ManagedNode, ManagedQueue } from "./management_api.ts";
import { ManagementAPI, ManagementError } from "./management_api.ts";
import type { JobQueueKind } from "./queue_policy.ts";
import { findHarms } from "./queue_policy.ts";

/** How many queues a message names. */
const MAX_NAMED = 5;

/** A queue of jobs that the broker has. */
interface JobQueue {
  readonly queue: ManagedQueue;
  readonly kind: JobQueueKind;
  /** How a worker declares it. */
  readonly record: QueueRecord;
}

/** What was looked at, one check each. */
const CHECKS: Readonly<
  Record<string, (api: ManagementAPI, queues: () => Promise<readonly JobQueue[]>) => Promise<Check>>
> = {
  alarms: async (api) => checkAlarms(await api.nodes()),
  policies: async (_, queues) => checkPolicies(await queues()),
  replicas: async (_, queues) => checkReplicas(await queues()),
  "job queues": async (_, queues) => checkArguments(await queues()),
};

/**
 * Looks through the management API at what AMQP cannot tell.
 *
 * @param address the URL of the management page
 */
export async function checkManagement(
  address: string,
  settings: ResolvedSettings,
): Promise<readonly Check[]> {
  const api = new ManagementAPI(address, settings);
  const reached = await attempt("management", async () => {
    const message = `${api.where} tells of RabbitMQ ${await api.version()}`;
    return { name: "management", verdict: "ok", message: printable(message) };
  });
  if (reached.verdict !== "ok") {
    const message = "not looked at, as the management API does not tell";
    const skipped = Object.keys(CHECKS).map((name): Check => ({
      name,
      verdict: "skipped",
      message,
    }));
    return [reached, ...skipped];
  }
  let found: Promise<readonly JobQueue[]> | undefined;
  const queues = (): Promise<readonly JobQueue[]> => (found ??= findQueues(api));
  const checks = [reached];
  for (const [name, check] of Object.entries(CHECKS))
    checks.push(await attempt(name, () => check(api, queues)));
  return checks;
}

async function attempt(name: string, look: () => Promise<Check>): Promise<Check> {
  try {
    return await look();
  } catch (error) {
    if (!(error instanceof ManagementError)) throw error;
    return problem(name, error.message, error.remedy);
  }
}

async function findQueues(api: ManagementAPI): Promise<readonly JobQueue[]> {
  const queues = await api.queues("bgtasks.");
  return queues.flatMap((queue) => {
    const known = identify(queue.name);
    return known ? [{ queue, ...known }] : [];
  });
}

/** What a queue is for, by its name; undefined for one that is not of jobs. */
function identify(name: string): Omit<JobQueue, "queue"> | undefined {
  const ofLadder = recordOf(ladderTopology(), name);
  if (ofLadder) {
    const isLevel = "x-message-ttl" in ofLadder.arguments;
    return { kind: isLevel ? "delays" : "dead letters", record: ofLadder };
  }
  const isDead = name.startsWith(deadQueueName(""));
  const route = readJobQueue(isDead ? name.slice(deadQueueName("").length) : name);
  const record = route && recordOf(jobTopology(route, undefined), name);
  return record ? { kind: isDead ? "dead letters" : "jobs", record } : undefined;
}

function recordOf(topology: Topology, queue: string): QueueRecord | undefined {
  return topology.find(
    (record): record is QueueRecord => record.kind === "queue" && record.name === queue,
  );
}

function checkAlarms(nodes: readonly ManagedNode[]): Check {
  const name = "alarms";
  const alarms = nodes.flatMap(
    ({ name: node, running, mem_alarm: memory, disk_free_alarm: disk }) => [
      ...(memory ? [`${node} has too little memory left`] : []),
      ...(disk ? [`${node} has too little room on its disk`] : []),
      ...(running === false ? [`${node} does not run`] : []),
    ],
  );
  if (alarms.length === 0)
    return { name, verdict: "ok", message: `none on ${count(nodes.length, "node")}` };
  const isBlocked = nodes.some((node) => node.mem_alarm || node.disk_free_alarm);
  const remedy = isBlocked
    ? "The broker holds up all who send until it has room again: rabbitmq-diagnostics alarms"
    : "Start it again.";
  if (isBlocked) return problem(name, alarms.join("\n"), remedy);
  return { name, verdict: "warning", message: printable(alarms.join("\n")), remedy };
}

function checkPolicies(queues: readonly JobQueue[]): Check {
  const name = "policies";
  const names = new Map<string, string[]>();
  let isProblem = false;
  for (const { queue, kind } of queues) {
    for (const { verdict, rule, harm } of findHarms(queue, kind)) {
      isProblem ||= verdict === "problem";
      const policies = [queue.policy, queue.operator_policy].filter(Boolean);
      const what = `${rule} of ${policies.join(" and ") || "a policy"}: ${harm}`;
      names.set(what, [...(names.get(what) ?? []), queue.name]);
    }
  }
  if (names.size === 0)
    return { name, verdict: "ok", message: `none harms ${count(queues.length, "queue")} of jobs` };
  const message = [...names].map(([what, of]) => `${what} (${someOf(of)})`).join("\n");
  const remedy =
    "Take queues whose names begin with bgtasks. out of the policy's pattern, e.g. ^(?!bgtasks\\.)";
  if (isProblem) return problem(name, message, remedy);
  return { name, verdict: "warning", message: printable(message), remedy };
}

function checkReplicas(queues: readonly JobQueue[]): Check {
  const name = "replicas";
  const [stopped, fewer]: [string[], string[]] = [[], []];
  for (const { queue } of queues) {
    const [all, here] = [queue.members?.length ?? 0, queue.online?.length ?? 0];
    if (2 * here <= all && all > 0) stopped.push(queue.name);
    else if (here < all) fewer.push(queue.name);
  }
  const remedy = "Start the nodes that are away: rabbitmq-queues quorum_status QUEUE names them.";
  if (stopped.length > 0)
    return problem(
      name,
      `no majority is there, so nothing goes in or out: ${someOf(stopped)}`,
      remedy,
    );
  if (fewer.length === 0)
    return {
      name,
      verdict: "ok",
      message: `all are there of ${count(queues.length, "queue")} of jobs`,
    };
  const message = printable(`some are away: ${someOf(fewer)}`);
  return { name, verdict: "warning", message, remedy };
}

function checkArguments(queues: readonly JobQueue[]): Check {
  const name = "job queues";
  const wrong = queues.flatMap(({ queue, record }) => {
    const args = { ...queue.arguments, "x-queue-type": queue.type };
    const differences = Object.entries(record.arguments)
      .filter(([key, value]) => args[key as keyof typeof args] !== value)
      .map(([key, value]) => `${key} is ${String(args[key as keyof typeof args])}, not ${value}`);
    return differences.length === 0 ? [] : [`${queue.name}: ${differences.join(", ")}`];
  });
  if (wrong.length === 0)
    return {
      name,
      verdict: "ok",
      message: `${count(queues.length, "queue")} as workers declare them`,
    };
  const message = [
    ...wrong.slice(0, MAX_NAMED),
    ...(wrong.length > MAX_NAMED ? [`and ${wrong.length - MAX_NAMED} more`] : []),
  ].join("\n");
  return problem(
    name,
    message,
    "No worker uses such a queue. Stop the workers, empty the queue, delete it, and start them again: they make it anew.",
  );
}

function someOf(names: readonly string[]): string {
  const rest = names.length - MAX_NAMED;
  return names.slice(0, MAX_NAMED).join(", ") + (rest > 0 ? ` and ${rest} more` : "");
}
