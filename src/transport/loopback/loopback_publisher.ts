import type { OutgoingMessage, Published, PublisherLink, Target } from "../transport.ts";
import { LoopbackLink } from "./loopback_link.ts";
import { LoopbackMessage } from "./loopback_message.ts";

/** Bodies that it gets as bytes were text here before. */
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/** Publishes over the loopback, which confirms. */
export class LoopbackPublisher extends LoopbackLink implements PublisherLink {
  publish(message: OutgoingMessage, target: Target, _giveUpAt: number): Promise<Published> {
    return new Promise((resolve) => {
      if (this.isClosed) return resolve("unsent");
      this.broker.hops.add(() => {
        const { id, type, contentType = "", correlationId, body, headers } = message;
        const text = typeof body === "string" ? body : decoder.decode(body);
        const timestamp = Math.floor(Date.now() / 1_000);
        const sent = new LoopbackMessage({
          id,
          type,
          contentType,
          correlationId,
          text,
          headers,
          timestamp,
        });
        this.broker.watcher?.onPublish(sent, target);
        const isRouted = this.broker.publish(sent, target);
        // The confirm takes its way back.
        this.broker.hops.add(() => resolve(isRouted ? "stored" : "unroutable"));
      });
    });
  }
}
