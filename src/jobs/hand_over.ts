import { logger } from "../log.ts";
import { describeThrown } from "../messages/printable.ts";
import { JSON_TYPE } from "../messages/content_type.ts";
import type { MessageHeaders } from "../messages/message.ts";
import type { Topology } from "../transport/topology.ts";
import type { OutgoingMessage, PublisherLink, Target } from "../transport/transport.ts";
import { enterLadder, ladderTopology } from "./delay_ladder.ts";
import { withFittingHeaders } from "./fitting_headers.ts";
import type { JobState } from "./job_headers.ts";
import { copyHeaders } from "./job_headers.ts";
import { jobTopology } from "./job_queues.ts";
import type { JobRequest } from "./job_request.ts";

const log = /* @__PURE__ */ logger("jobs");

/** How long the broker may take to confirm one copy before it is told and tried again, in milliseconds. */
const CONFIRM_TIMEOUT = 30_000;

/** Bounds of the pause before a copy is published again that no queue took or that the broker refused, in milliseconds. */
const PAUSE = { initial: 250, max: 30_000 } as const;

/**
 * Hands jobs over to other queues: a copy is published, and only when the broker has confirmed it, the job is acknowledged.
 * Until then the job holds its place, so that a worker whose broker takes no copies takes no more jobs either.
 */
export class HandOver {
  readonly #open: () => Promise<PublisherLink>;
  readonly #frameMax: number;
  #link: Promise<PublisherLink> | undefined;
  /** By route. */
  readonly #topologies = new Map<string, Topology>();
  #closed = false;
  /** Ends the pauses. */
  readonly #pauses = new Set<() => void>();

  /** @param open opens the link for copies; called when there is the first one */
  constructor(frameMax: number, open: () => Promise<PublisherLink>) {
    this.#frameMax = frameMax;
    this.#open = open;
  }

  /** Sends a job on its way back to its queue. */
  delay(request: JobRequest, queue: string, state: JobState, delay: number): Promise<void> {
    if (delay === 0) return this.#handOver(request, { key: queue }, { ...state, delayLeft: 0 }, {});
    const { exchange, routingKey, left } = enterLadder(queue, delay);
    const target = { exchange, key: routingKey, topology: ladderTopology() };
    return this.#handOver(request, target, { ...state, delayLeft: left }, {});
  }

  /** Sends a job to its dead letters. */
  bury(
    request: JobRequest,
    deadQueue: string,
    state: JobState,
    more: MessageHeaders,
  ): Promise<void> {
    const target = { key: deadQueue, topology: this.#topologyOf(request) };
    return this.#handOver(request, target, state, more);
  }

  #topologyOf({ route, task }: JobRequest): Topology {
    let topology = this.#topologies.get(route);
    if (!topology)
      this.#topologies.set(route, (topology = jobTopology(route, task?.options.exchange)));
    return topology;
  }

  /** Gives up what is not confirmed; the broker then delivers those jobs again. */
  async close(): Promise<void> {
    this.#closed = true;
    for (const end of this.#pauses) end();
    const link = await this.#link?.catch(() => undefined);
    await link?.close();
  }

  async #handOver(
    request: JobRequest,
    target: Target,
    state: JobState,
    more: MessageHeaders,
  ): Promise<void> {
    const { delivery, id, route } = request;
    const { message } = delivery;
    const body = message.body.readText();
    // Of what is not text, or was too long to be kept, there can be no copy. It was never run.
    if (body === undefined || (body === "" && message.body.byteLength > 0))
      return delivery.reject();
    const copy = (frameMax: number): OutgoingMessage => {
      const { headers, dropped } = copyHeaders(message.headers, state, more, frameMax);
      if (dropped.length > 0)
        log.warn("a copy of job {id} of {route} lacks headers: {dropped}", { id, route, dropped });
      const { type, contentType = JSON_TYPE } = message;
      return { id, type, contentType, body, headers };
    };
    for (let failures = 1; !delivery.isStale && !this.#closed; failures++) {
      const problem = await this.#publish(copy, target);
      if (problem === undefined) return delivery.ack();
      log.error("job {id} of {route} cannot be handed over, and stays where it is: {problem}", {
        id,
        route,
        problem,
      });
      await this.#pause(Math.min(PAUSE.max, PAUSE.initial * 2 ** (failures - 1)));
    }
    delivery.release();
  }

  /** Publishes a copy. Never rejects. @returns why the broker does not have it; undefined when it does */
  async #publish(
    copy: (frameMax: number) => OutgoingMessage,
    target: Target,
  ): Promise<string | undefined> {
    try {
      this.#link ??= this.#open().catch((error: unknown) => {
        this.#link = undefined;
        throw error;
      });
      const link = await this.#link;
      const published = await withFittingHeaders(this.#frameMax, (frameMax) =>
        link.publish(copy(frameMax), target, performance.now() + CONFIRM_TIMEOUT),
      );
      return published === "stored" ? undefined : `the broker's answer is "${published}"`;
    } catch (error) {
      return describeThrown(error);
    }
  }

  #pause(milliseconds: number): Promise<void> {
    if (this.#closed) return Promise.resolve();
    return new Promise((resolve) => {
      const end = (): void => {
        clearTimeout(timer);
        this.#pauses.delete(end);
        resolve();
      };
      const timer = setTimeout(end, milliseconds);
      this.#pauses.add(end);
    });
  }
}
