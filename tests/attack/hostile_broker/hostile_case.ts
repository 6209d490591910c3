import type { FakeBrokerOptions, FakeLink, PeerMessage } from "../../support/fake_broker.ts";

/** The route of all cases. */
export const ROUTE = "task";

/** One thing that a broker does wrong, or right at a bad moment. */
export interface HostileCase {
  readonly name: string;
  readonly side: "client" | "worker";
  /** What is not as with an honest broker; made anew for each run. */
  readonly options: () => FakeBrokerOptions;
  /** Whether the link has to serve in the end, by itself or by a new connection. @default {true} */
  readonly recovers?: boolean;
  /** Whether the call has to be answered all the same. @default {false} */
  readonly answered?: boolean;
  /** A second call is made in the very turn in which the first one settles, and has to be answered. @default {false} */
  readonly nextAtOnce?: boolean;
  /** Whether the answer may be another than the handler's, because it is the broker who answers. @default {false} */
  readonly lies?: boolean;
}

/** What the attacked call asks for, in the case of this number. */
export function attackedInput(number: number): Readonly<Record<"attacked", number>> {
  return { attacked: number };
}

/** Whether it is the request of the attacked call. On a busy machine that call may end before it is sent. */
export function isAttacked({ routingKey, body }: PeerMessage): boolean {
  return routingKey === ROUTE && body.includes('{"attacked":');
}

/** Where the client's replies go: the channel and the tag of its consumer. */
export function replyConsumer(link: FakeLink): { readonly channel: number; readonly tag: string } {
  return link.consumerOf("amq.rabbitmq.reply-to") ?? { channel: 1, tag: "none" };
}

/** Answers a request as an honest worker would that gives back its input. */
export function answerHonestly(message: PeerMessage, link: FakeLink): void {
  link.write(honestAnswer(message, link));
}

export function honestAnswer(
  { properties: { correlationId }, body }: PeerMessage,
  link: FakeLink,
): Uint8Array {
  const { channel, tag } = replyConsumer(link);
  const properties = { contentType: "application/json", correlationId };
  return link.delivery(channel, tag, { body, properties });
}
