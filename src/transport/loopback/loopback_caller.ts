import type { ConnectionLostError } from "../../errors.ts";
import { byteLength } from "../../messages/byte_length.ts";
import { JSON_TYPE } from "../../messages/content_type.ts";
import type { CallerEvents, CallerLink, OutgoingRequest, OutgoingWord } from "../transport.ts";
import { LoopbackLink } from "./loopback_link.ts";
import type { ReplyTarget } from "./loopback_message.ts";
import { LoopbackMessage } from "./loopback_message.ts";

/** Sends requests over the loopback. */
export class LoopbackCaller extends LoopbackLink<CallerEvents> implements CallerLink, ReplyTarget {
  readonly name: string = `loopback.${crypto.randomUUID()}`;

  send(request: OutgoingRequest): boolean {
    if (this.isClosed) return false;
    const { route, type, correlationId, body, expiresAt, headers } = request;
    const message = new LoopbackMessage({
      type,
      correlationId,
      contentType: JSON_TYPE,
      text: body,
      headers,
      replyTo: this,
      expiresAt,
    });
    this.broker.hops.add(() => {
      const { watcher } = this.broker;
      if (!watcher) return this.#route(route, message);
      const proceed = (): void => this.#route(route, message);
      if (!watcher.onRequest(route, message, proceed)) proceed();
    });
    return true;
  }

  say({ to, type, id, correlationId, body }: OutgoingWord): number {
    if (this.isClosed) return 0;
    const word = new LoopbackMessage({
      type,
      id,
      correlationId,
      contentType: JSON_TYPE,
      text: body,
      headers: undefined,
    });
    this.broker.hops.add(() => {
      const inbox = this.broker.inboxes.get(to);
      if (inbox) inbox.onWord(word);
      else this.whenOpen(() => this.events.onWordReturned(to));
    });
    return byteLength(body);
  }

  /** Brings a reply, as a network would: later, or never to a caller that left. */
  reply(reply: LoopbackMessage): void {
    this.whenOpen(() => {
      this.broker.watcher?.onReply(reply);
      this.events.onReply(reply);
    });
  }

  lose(error: ConnectionLostError): void {
    if (this.isClosed) return;
    this.events.onLost(error);
    this.tellReady();
  }

  countConsumers(queue: string): Promise<number | undefined> {
    return Promise.resolve(this.broker.queue(queue)?.consumers ?? 0);
  }

  #route(route: string, message: LoopbackMessage): void {
    if (this.broker.publish(message, { key: route }) || this.isClosed) return;
    this.broker.watcher?.onUnroutable(message);
    this.events.onUnroutable(message.correlationId ?? "", this.broker.whyUnroutable(route));
  }
}
