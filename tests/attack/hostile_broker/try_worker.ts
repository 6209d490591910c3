import { TaskRegistry, Worker } from "../../../mod.ts";
import { FakeBroker } from "../../support/fake_broker.ts";
import { waitFor } from "../../support/wait_for.ts";
import { codeOf, lateness, settled } from "../settled.ts";
import type { HostileCase } from "./hostile_case.ts";
import { ROUTE } from "./hostile_case.ts";
import { settingsFor } from "./try_client.ts";

/** How long a worker may take until it serves, over what is left of an attack, in milliseconds. */
const SERVING = 8_000;

const DRAIN = 300;

/** How long it may take to stop: its drain, a second for the end of its consumers, two for the goodbye. */
const STOP = DRAIN + 3_000;

/** Serves by a hostile broker. @returns the rules that were broken */
export async function tryWorker(hostile: HostileCase): Promise<readonly string[]> {
  const { options, recovers = true } = hostile;
  const broken: string[] = [];
  const replies = new Set<string>();
  const { onPublish, ...hooks } = options();
  await using broker = await FakeBroker.open({
    ...hooks,
    onPublish: (message, link) => {
      if (onPublish?.(message, link) === true) return true;
      const id = String(message.properties.correlationId);
      if (message.routingKey === "amq.gen-honest" && message.body.toString() === JSON.stringify(id))
        replies.add(id);
      return true;
    },
  });
  const ask = (id: string): void => {
    const properties = {
      ...{ contentType: "application/json", correlationId: id, replyTo: "amq.gen-honest" },
    };
    broker.queues.publish(ROUTE, { body: JSON.stringify(id), properties });
  };
  broker.queues.declare(ROUTE);
  const registry = new TaskRegistry();
  registry(ROUTE, (input: unknown) => input);
  const settings = settingsFor(broker);
  const worker = new Worker({ registry, settings, concurrency: 5, drainTimeout: DRAIN });
  const starting = worker.start();
  // Stopped before it served, where the broker keeps it waiting.
  starting.catch(() => {});
  ask("first");
  if (recovers) {
    const start = await settled(starting, SERVING);
    // What refuses it for good ends it, as is promised.
    const refused = start.state === "rejected" && codeOf(start.value) === "connection_refused";
    if (start.state !== "resolved" && !refused)
      broken.push(`start() did not resolve: ${start.state} ${codeOf(start.value)}`);
    if (!refused) {
      ask("second");
      const isDone = (): boolean => replies.size === 2 || worker.status.state === "refused";
      await waitFor(isDone, "replies to both requests", SERVING).catch(() =>
        broken.push(`replies to ${replies.size} of 2 requests`),
      );
    }
  } else {
    await settled(starting, 400);
  }
  const stopped = lateness(await settled(worker.stop(), STOP + 3_000), STOP, "stop()");
  if (stopped !== undefined) broken.push(stopped);
  return broken;
}
