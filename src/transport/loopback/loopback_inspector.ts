import { ConnectionLostError } from "../../errors.ts";
import type { QueueCounts, QueueInspector, TakenMessage } from "../queue_inspector.ts";
import type { LoopbackBroker } from "./loopback_broker.ts";
import type { LoopbackMessage } from "./loopback_message.ts";
import type { LoopbackQueue } from "./loopback_queue.ts";

/** Looks into the queues of the loopback. */
export class LoopbackInspector implements QueueInspector {
  readonly #broker: LoopbackBroker;
  readonly #taken = new Set<LoopbackTaken>();
  #isClosed = false;

  constructor(broker: LoopbackBroker) {
    this.#broker = broker;
  }

  find(name: string): Promise<QueueCounts | undefined> {
    return this.#answer(() => {
      const queue = this.#broker.queue(name);
      return queue && { messages: queue.size, consumers: queue.consumers };
    });
  }

  take(name: string, atMost: number): Promise<readonly TakenMessage[]> {
    return this.#answer(() => {
      const queue = this.#broker.queue(name);
      if (!queue)
        throw new ConnectionLostError(`Cannot look into "${name}", because it is missing`);
      const taken: LoopbackTaken[] = [];
      let message: LoopbackMessage | undefined;
      while (taken.length < atMost && (message = queue.shift()))
        taken.push(new LoopbackTaken(queue, message, name, (one) => this.#taken.delete(one)));
      for (const one of taken) this.#taken.add(one);
      return taken;
    });
  }

  close(): Promise<void> {
    this.#isClosed = true;
    for (const one of this.#taken) one.release();
    return Promise.resolve();
  }

  /** Answers as a network would: later, and nothing once the link is closed. */
  #answer<T>(answer: () => T): Promise<T> {
    return new Promise((resolve, reject) => {
      this.#broker.hops.add(() => {
        try {
          if (this.#isClosed) throw new ConnectionLostError("The connection was closed");
          resolve(answer());
        } catch (error) {
          reject(error);
        }
      });
    });
  }
}

class LoopbackTaken implements TakenMessage {
  readonly message: LoopbackMessage;
  readonly key: string;
  readonly #queue: LoopbackQueue;
  /** Says whether it was not ended before. */
  readonly #end: (taken: LoopbackTaken) => boolean;

  constructor(
    queue: LoopbackQueue,
    message: LoopbackMessage,
    queueName: string,
    end: (taken: LoopbackTaken) => boolean,
  ) {
    this.#queue = queue;
    this.message = message;
    this.key = message.content.key ?? queueName;
    this.#end = end;
  }

  ack(): void {
    this.#end(this);
  }

  release(): void {
    if (this.#end(this)) this.#queue.requeue(this.message);
  }
}
