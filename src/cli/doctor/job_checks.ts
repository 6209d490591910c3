import type { ResolvedSettings } from "../../settings/settings.ts";
import { ladderTopology } from "../../jobs/delay_ladder.ts";
import { deadQueueName, jobQueueName, jobTopology } from "../../jobs/job_queues.ts";
import type {
  BrokerGreeting,
  BrokerInspection,
} from "../../transport/amqp/topology/broker_inspection.ts";
import type { QueueState } from "../../transport/amqp/topology/queue_state.ts";
import type { QueueRecord } from "../../transport/topology.ts";
import type { FoundJob } from "../project/found_tasks.ts";
import { count, printable } from "../terminal/output.ts";
import type { Check } from "./check.ts";
import { messageOf, problem } from "./check.ts";

const HOW_TO_DECLARE_ANEW =
  "No job goes in or out. Stop its workers, empty the queue, delete it, and start them again: they make it anew.";

/** What the broker has under the name of a queue. */
interface Found {
  /** Undefined for a queue that is missing. */
  readonly state: Extract<QueueState, { readonly kind: "there" }> | undefined;
  /** What is wrong with it. */
  readonly mismatch: string | undefined;
}

/** Looks at the queues of jobs. Makes none that are missing. */
export async function checkJobs(
  inspection: BrokerInspection,
  jobs: readonly FoundJob[],
): Promise<readonly Check[]> {
  const checks: Check[] = [];
  for (const found of jobs) checks.push(await checkJob(inspection, found));
  checks.push(await checkLadder(inspection));
  return checks;
}

/** Of a broker that is not what jobs are made for. */
export function warnOfProduct({ product }: BrokerGreeting): Check {
  const what =
    product === "LavinMQ" ? "has no quorum queues" : "is not known to have quorum queues";
  return {
    name: "jobs",
    verdict: "warning",
    message: printable(
      `${product} ${what}: a job is on one disk, and may be lost between two queues`,
    ),
    remedy: "Send jobs by RabbitMQ where none may be lost.",
  };
}

async function checkJob(inspection: BrokerInspection, { job }: FoundJob): Promise<Check> {
  const { route } = job;
  const name = `job ${route}`;
  const queue = jobQueueName(route);
  try {
    const own = await look(inspection, recordOf(route, queue));
    const dead = await look(inspection, recordOf(route, deadQueueName(queue)));
    const mismatch = own.mismatch ?? dead.mismatch;
    if (mismatch !== undefined) return problem(name, mismatch, HOW_TO_DECLARE_ANEW);
    if (!own.state) {
      const message = "has no queue yet; its first worker declares it";
      return { name, verdict: "ok", message };
    }
    if (!dead.state) {
      const remedy =
        "Start its worker again: it declares the queue. Jobs that the broker gives up wait.";
      return { name, verdict: "warning", message: "has no queue for its dead letters", remedy };
    }
    const { messages, consumers } = own.state;
    const letters = dead.state.messages;
    const message = `${messages} waiting, ${count(consumers, "consumer")}, ${letters} dead`;
    if (messages > 0 && consumers === 0)
      return { name, verdict: "warning", message, remedy: "Start a worker: nobody does it." };
    if (letters === 0) return { name, verdict: "ok", message };
    const remedy = `bgtasks jobs dead ${route} tells why; bgtasks jobs retry ${route} --all does them again.`;
    return { name, verdict: "warning", message, remedy: printable(remedy) };
  } catch (error) {
    return problem(name, messageOf(error), "This user may not declare the queues of jobs.");
  }
}

/** The queues of delays: all of them are there, or none. */
async function checkLadder(inspection: BrokerInspection): Promise<Check> {
  const name = "delays";
  const records = ladderTopology().filter((record) => record.kind === "queue");
  let [there, waiting] = [0, 0];
  try {
    for (const record of records) {
      const { state, mismatch } = await look(inspection, record);
      if (mismatch !== undefined)
        return problem(name, mismatch, "No job can be delayed or retried until it is deleted.");
      // The first is where those end whose queue is gone: workers declare it.
      if (!state || record === records[0]) continue;
      there++;
      waiting += state.messages;
    }
  } catch (error) {
    return problem(name, messageOf(error), "This user may not declare the queues of delays.");
  }
  const levels = records.length - 1;
  if (there === levels)
    return { name, verdict: "ok", message: `${count(waiting, "job")} of all routes delayed` };
  if (there === 0) {
    const message = "have no queues yet; who first delays or retries a job declares them";
    return { name, verdict: "ok", message };
  }
  return {
    name,
    verdict: "warning",
    message: `only ${there} of ${levels} queues are there: somebody, or a policy, deleted the others with the jobs in them`,
    remedy:
      "Look for a policy with `expires`, and start the workers and senders again: they declare the queues.",
  };
}

/** What AMQP cannot tell. */
export function notLookedAt({ vhost }: ResolvedSettings): Check {
  return {
    name: "policies",
    verdict: "skipped",
    message: "AMQP cannot tell of policies, alarms and replicas of queues",
    remedy: printable(
      "Name the page of the management plugin: --management http://localhost:15672. Or ask the broker itself:\n" +
        `Policies that delete or limit messages lose jobs: rabbitmqctl list_policies -p ${vhost}\n` +
        "Alarms hold up who sends: rabbitmq-diagnostics alarms\n" +
        "A majority of replicas must be there: rabbitmq-queues check_if_node_is_quorum_critical",
    ),
  };
}

/** Declares a queue again that is there, because only that tells its properties. One that is missing stays so. */
async function look(inspection: BrokerInspection, record: QueueRecord): Promise<Found> {
  const state = await inspection.findQueue(record.name);
  if (state.kind === "missing") return { state: undefined, mismatch: undefined };
  if (state.kind === "exclusive elsewhere") {
    const mismatch = `The queue "${record.name}" belongs to another connection alone`;
    return { state: undefined, mismatch };
  }
  return { state, mismatch: await inspection.findMismatch(record) };
}

/** How a worker declares one of the queues of a job. */
function recordOf(route: string, queue: string): QueueRecord {
  const records = jobTopology(route, undefined).filter((record) => record.kind === "queue");
  const record = records.find(({ name }) => name === queue);
  if (!record) throw new Error(`A job has no queue of the name ${queue}`);
  return record;
}
