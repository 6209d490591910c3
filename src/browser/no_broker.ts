/** What a bundle for browsers has in the place of src/transport/amqp/amqp_transport.ts: see "browser" in package.json. */
import { ConnectionRefusedError } from "../errors.ts";
import type { CallerEvents, CallerLink, Transport } from "../transport/transport.ts";

/** Refuses every call and every worker at once, and says why. */
export class AMQPTransport implements Transport {
  openCaller(events: CallerEvents): CallerLink {
    let isClosed = false;
    const tell = (): void =>
      queueMicrotask(() => {
        if (!isClosed) events.onStatus({ state: "refused", error: refusal() });
      });
    tell();
    return {
      // Whoever makes a call hears of it again.
      send() {
        tell();
        return false;
      },
      say: () => 0,
      countConsumers: () => Promise.resolve(undefined),
      close() {
        isClosed = true;
        events.onStatus({ state: "closed" });
        return Promise.resolve();
      },
    };
  }

  openPublisher(): never {
    throw refusal();
  }

  openConsumer(): never {
    throw refusal();
  }

  openInspector(): Promise<never> {
    return Promise.reject(refusal());
  }
}

function refusal(): ConnectionRefusedError {
  const remedy = 'call tasks from a server, or say configure({ environment: "test" }) in a test';
  return new ConnectionRefusedError(
    `Cannot reach a broker as this is a bundle for browsers, which have no sockets for it: ${remedy}`,
  );
}
