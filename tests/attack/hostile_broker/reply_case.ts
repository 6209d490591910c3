import {
  BODY,
  frame,
  headerFrame,
  longString,
  shortString,
  table,
  typed,
} from "../../support/amqp_bytes.ts";
import type { FakeBrokerOptions, FakeLink, PeerMessage } from "../../support/fake_broker.ts";
import { deliverMethod } from "./content_methods.ts";
import type { HostileCase } from "./hostile_case.ts";
import { honestAnswer, isAttacked, replyConsumer } from "./hostile_case.ts";

/** What comes in reply to the attacked call; `honest` is what should. */
export type Reply = (link: FakeLink, message: PeerMessage, honest: Uint8Array) => void;

type Options = Partial<Pick<HostileCase, "recovers" | "answered" | "nextAtOnce" | "lies">>;

export const text = (value: string): Uint8Array => Buffer.from(value);

export function reply(name: string, to: Reply, options: Options = {}): HostileCase {
  return {
    name: `client: a reply ${name}`,
    side: "client",
    ...options,
    options: () => {
      let isDone = false;
      return {
        onPublish: (message, link) => {
          if (isDone || !isAttacked(message)) return false;
          isDone = true;
          to(link, message, honestAnswer(message, link));
          return true;
        },
      } satisfies FakeBrokerOptions;
    },
  };
}

/** A reply with the right correlation id, and other content. */
export const withContent =
  (body: string | Uint8Array, headers?: Uint8Array): Reply =>
  (link, { properties: { correlationId } }) => {
    const { channel, tag } = replyConsumer(link);
    const properties = { contentType: "application/json", correlationId, headers };
    link.deliver(channel, tag, { body, properties });
  };

export const failure = (code: string, body: unknown): Reply =>
  withContent(JSON.stringify(body), table([["bgtasks-error", typed("S", longString(code))]]));

/** A reply in frames of the case's own making. */
export const inFrames =
  (
    frames: (channel: number, header: readonly (Uint8Array | undefined)[]) => readonly Uint8Array[],
  ): Reply =>
  (link, { properties: { correlationId } }) => {
    const { channel, tag } = replyConsumer(link);
    const id = shortString(correlationId ?? "");
    const properties = [undefined, undefined, undefined, undefined, undefined, id];
    link.write(deliverMethod(channel, tag, 99), ...frames(channel, properties));
  };

/** A reply whose header promises `size` bytes, with one frame for each of the bodies. */
export const inBodies = (size: number | bigint, ...bodies: readonly string[]): Reply =>
  inFrames((channel, header) => [
    headerFrame(channel, header, size),
    ...bodies.map((body) => frame(BODY, channel, [text(body)])),
  ]);
