import {
  BODY,
  contentFrames,
  frame,
  headerFrame,
  longString,
  methodFrame,
  shortString,
  table,
  typed,
  uint,
} from "../../support/amqp_bytes.ts";
import type { FakeLink } from "../../support/fake_broker.ts";
import type { HostileCase } from "./hostile_case.ts";
import { ROUTE } from "./hostile_case.ts";

/** What comes right after the worker began to consume, before the first request. */
type Delivery = (link: FakeLink, channel: number, tag: string) => void;

function delivery(name: string, send: Delivery, recovers = true): HostileCase {
  return {
    name: `worker: ${name}`,
    side: "worker",
    recovers,
    options: () => {
      let first = true;
      return {
        onMethod: ({ name: method, channel, queue }, link) => {
          if (method !== "basic.consume" || queue !== ROUTE || !first) return false;
          first = false;
          // After the broker's consent.
          setTimeout(() => send(link, channel, link.consumerOf(ROUTE)?.tag ?? ""), 0);
          return false;
        },
      };
    },
  };
}

const text = (value: string): Uint8Array => Buffer.from(value);

const method = (channel: number, tag: string, deliveryTag: number | bigint = 1): Uint8Array =>
  methodFrame(
    channel,
    [60, 60],
    ...[shortString(tag), uint(64, deliveryTag), Buffer.of(0), shortString(""), shortString("q")],
  );

const message =
  (properties: readonly (Uint8Array | undefined)[], body: Uint8Array = text("1")): Delivery =>
  (link, channel, tag) =>
    link.write(method(channel, tag), contentFrames(channel, properties, body));

/** Properties by their place: 5 is the correlation id, 6 the reply queue, 7 the expiration, 9 the time. */
const at = (place: number, value: Uint8Array): (Uint8Array | undefined)[] => {
  const properties = Array<Uint8Array | undefined>(14).fill(undefined);
  properties[6] = shortString("amq.gen-other");
  properties[place] = value;
  return properties;
};

const REPLY_TO: readonly string[] = [
  "",
  ROUTE,
  "amq.rabbitmq.reply-to",
  "amq.rabbitmq.reply-to.",
  "amq.rabbitmq.reply-to.AAAA",
  "amq.rabbitmq.reply-to.AAAA.AAAA",
  "amq.rabbitmq.reply-to.g1h3D3JhYmJpdEBsb2NhbGhvc3Q.AAAA",
  `amq.rabbitmq.reply-to.${"A".repeat(200)}.A`,
  "amq.gen-",
  "amq.gen-a b",
  "queue\r\n\u001b[31m[fatal] forged",
  "\ufffd",
  "x".repeat(255),
];

const EXPIRATIONS: readonly string[] = [
  ...["", "0", "-1", "1.5", "1e3", "NaN", "Infinity", "4294967296", "9".repeat(200), " 5 ", "0x10"],
];

export function casesOfDeliveries(): HostileCase[] {
  return [
    ...REPLY_TO.map((name) =>
      delivery(
        `a request whose reply goes to ${JSON.stringify(name.slice(0, 40))}`,
        message(at(6, shortString(name))),
      ),
    ),
    ...EXPIRATIONS.map((expiration) =>
      delivery(
        `a request that expires in ${JSON.stringify(expiration.slice(0, 20))}`,
        message(at(7, shortString(expiration))),
      ),
    ),
    ...["\0", "{", '"\\ud800"', "[".repeat(100_000), '{"__proto__":{"a":1}}', "1e999", ""].map(
      (body, i) =>
        delivery(
          `a request with an odd body (${i + 1})`,
          message(at(5, shortString("a")), text(body)),
        ),
    ),
    ...(["A", "F", "S", "x", "Z", "D", "T"] as const).map((type) =>
      delivery(
        `a request with a header of type ${type} that is cut off`,
        message(at(2, table([["h", typed(type, Buffer.of(0, 0, 1))]]))),
      ),
    ),
    delivery("a request with headers of 4 GiB", message(at(2, uint(32, 0xffff_ffff)))),
    delivery(
      "a request with the failure's header",
      message(at(2, table([["bgtasks-error", typed("S", longString("x"))]]))),
    ),
    delivery("a request of no time", message(at(9, uint(64, 0)))),
    delivery("a request of the end of all time", message(at(9, uint(64, 2n ** 64n - 1n)))),
    delivery(
      "a request with an id that is no text",
      message(at(5, shortString(Buffer.of(255, 254)))),
    ),
    delivery("a request without properties", message([])),
    delivery("a request whose flags go on", (link, channel, tag) =>
      link.write(
        method(channel, tag),
        frame(2, channel, [uint(16, 60), uint(16, 0), uint(64, 1), uint(16, 1), uint(16, 1)]),
        frame(BODY, channel, [text("1")]),
      ),
    ),
    delivery("a request whose header is cut off", (link, channel, tag) =>
      link.write(method(channel, tag), frame(2, channel, [uint(16, 60), uint(16, 0), uint(32, 0)])),
    ),
    delivery("a request for another consumer", (link, channel) =>
      link.write(method(channel, "nobody"), contentFrames(channel, [], text("1"))),
    ),
    delivery("a request on a channel that is not open", (link, channel, tag) =>
      link.write(method(channel + 40, tag), contentFrames(channel + 40, [], text("1"))),
    ),
    delivery("one request twice", (link, channel, tag) => {
      const bytes = Buffer.concat([
        method(channel, tag, 500),
        contentFrames(channel, at(5, shortString("a")), text("1")),
      ]);
      link.write(bytes, bytes);
    }),
    delivery("a request of a tag beyond 2 ** 53", (link, channel, tag) =>
      link.write(method(channel, tag, 2n ** 64n - 1n), contentFrames(channel, [], text("1"))),
    ),
    delivery("10,000 requests at once, beyond the prefetch", (link, channel, tag) => {
      const bytes = Array.from({ length: 10_000 }, (_, i) =>
        Buffer.concat([
          method(channel, tag, 1_000 + i),
          contentFrames(channel, at(5, shortString(`f${i}`)), text("1")),
        ]),
      );
      link.write(...bytes);
    }),
    delivery("a request of 2 ** 63 bytes", (link, channel, tag) =>
      link.write(
        method(channel, tag),
        headerFrame(channel, [], 2n ** 63n),
        frame(BODY, channel, [text("1")]),
      ),
    ),
    delivery("a request that is longer than it says", (link, channel, tag) =>
      link.write(
        method(channel, tag),
        headerFrame(channel, at(5, shortString("a")), 1),
        frame(BODY, channel, [text("1 2 3")]),
      ),
    ),
    delivery("a request and the cancel of its consumer", (link, channel, tag) => {
      link.write(
        method(channel, tag, 400),
        contentFrames(channel, at(5, shortString("a")), text("1")),
      );
      link.cancel(tag);
    }),
    delivery("a request and the end of its channel", (link, channel, tag) => {
      link.write(
        method(channel, tag, 400),
        contentFrames(channel, at(5, shortString("a")), text("1")),
      );
      link.closeChannel(channel, 406, "PRECONDITION_FAILED - delivery acknowledgement timed out");
    }),
    delivery("a request and a goodbye", (link, channel, tag) => {
      link.write(
        method(channel, tag, 400),
        contentFrames(channel, at(5, shortString("a")), text("1")),
      );
      link.closeConnection(320, "CONNECTION_FORCED");
    }),
    ...[1, 2, 5, 20].map((times) =>
      delivery(`its consumer cancelled ${times} times in a row`, (link, channel, tag) => {
        for (let i = 0; i < times; i++)
          link.method(channel, "basic.cancel", shortString(tag), Buffer.of(1));
        link.consumers.clear();
      }),
    ),
  ];
}
