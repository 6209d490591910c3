import {
  BODY,
  contentFrames,
  frame,
  headerFrame,
  methodFrame,
  shortString,
  uint,
} from "../../support/amqp_bytes.ts";
import { deliverMethod, returnMethod } from "./content_methods.ts";
import type { HostileCase } from "./hostile_case.ts";
import { replyConsumer, ROUTE } from "./hostile_case.ts";
import { inBodies, inFrames, reply, text } from "./reply_case.ts";

/** Replies that come twice, in pieces, for another call, or together with other words of the broker. */
export function casesOfReplies(): HostileCase[] {
  return [
    reply(
      "without an id, then the right one",
      (link, _, honest) => {
        const { channel, tag } = replyConsumer(link);
        link.write(link.delivery(channel, tag, { body: "1" }), honest);
      },
      { answered: true },
    ),
    ...(
      [
        ["of no text", Buffer.of(255, 0, 254)],
        ["of 255 bytes", Buffer.alloc(255, 120)],
        ["of nobody", text("nobody.1")],
        ["of __proto__", text("__proto__")],
      ] as const
    ).map(([name, correlationId]) =>
      reply(
        `with an id ${name}, then the right one`,
        (link, _, honest) => {
          const { channel, tag } = replyConsumer(link);
          link.write(
            link.delivery(channel, tag, { body: "1", properties: { correlationId } }),
            honest,
          );
        },
        { answered: true },
      ),
    ),
    reply("twice", (link, _, honest) => link.write(honest, honest), { answered: true }),
    reply(
      "a thousand times",
      (link, _, honest) => link.write(...Array<Uint8Array>(1_000).fill(honest)),
      { answered: true },
    ),
    reply(
      "to each id that can be guessed from it",
      (link, message, honest) => {
        const { channel, tag } = replyConsumer(link);
        const id = String(message.properties.correlationId);
        const number = Number(/(\d+)$/.exec(id)?.[1] ?? 0);
        const forged = Array.from({ length: 50 }, (_, i) =>
          link.delivery(channel, tag, {
            body: '"forged"',
            properties: { correlationId: id.replace(/\d+$/, String(number + i + 1)) },
          }),
        );
        link.write(honest);
        // Once the next call is out.
        setTimeout(() => link.write(...forged), 30);
      },
      { answered: true, nextAtOnce: true },
    ),
    reply(
      "and the request given back",
      (link, message, honest) => {
        link.write(honest);
        link.return(message);
      },
      { answered: true },
    ),
    reply("after the request was given back", (link, message, honest) => {
      link.return(message);
      link.write(honest);
    }),
    ...[0, 311, 312, 313, 65_535].map((code) =>
      reply(`that is a return of code ${code}`, (link, message) => link.return(message, code)),
    ),
    reply("that is a return without properties", (link, { channel }) =>
      link.write(returnMethod(channel, ROUTE), contentFrames(channel, [], text("null"))),
    ),
    reply("that is a return without arguments", (link, { channel }, honest) =>
      link.write(methodFrame(channel, [60, 50]), contentFrames(channel, [], text("null")), honest),
    ),
    reply("that is a return whose body does not come", (link, { channel }) =>
      link.write(returnMethod(channel, ROUTE), headerFrame(channel, [], 1_000)),
    ),
    reply("in frames of one byte", inBodies(4, "n", "u", "l", "l"), { lies: true }),
    reply("in frames of no byte", inBodies(4, ...Array<string>(200).fill(""), "null"), {
      lies: true,
    }),
    reply("longer than its header says", inBodies(4, "nullnullnull"), { lies: true }),
    reply("of more frames than its header says", inBodies(6, "nul", "l     "), { lies: true }),
    reply("that says it has no body, and has one", inBodies(0, "null"), { lies: true }),
    reply("of 2 ** 63 bytes", inBodies(2n ** 63n, "null")),
    reply("of 2 ** 53 bytes", inBodies(2n ** 53n, "null")),
    reply("of 3 GiB", inBodies(3 * 2 ** 30, "null")),
    reply("whose body does not come", inBodies(100), { recovers: false }),
    reply(
      "with two headers",
      inFrames((channel, header) => [
        headerFrame(channel, header, 4),
        headerFrame(channel, header, 4),
        frame(BODY, channel, [text("null")]),
      ]),
      { lies: true },
    ),
    reply(
      "within another one",
      inFrames((channel, header) => [
        headerFrame(channel, header, 10),
        deliverMethod(channel, "x", 100),
        headerFrame(channel, header, 4),
        frame(BODY, channel, [text("null")]),
      ]),
      { lies: true },
    ),
    reply("on a channel that is not open", (link, { properties: { correlationId } }, honest) =>
      link.write(link.delivery(77, "x", { body: "1", properties: { correlationId } }), honest),
    ),
    reply(
      "with a tag that nobody has",
      (link, { properties: { correlationId } }, honest) =>
        link.write(
          link.delivery(replyConsumer(link).channel, "nobody", {
            body: "1",
            properties: { correlationId },
          }),
          honest,
        ),
      { lies: true },
    ),
    reply(
      "and a goodbye in one piece, a call at once",
      (link, _, honest) =>
        link.write(
          honest,
          methodFrame(0, [10, 50], uint(16, 320), shortString("CONNECTION_FORCED"), uint(32, 0)),
        ),
      { answered: true, nextAtOnce: true },
    ),
    reply(
      "and the end of its channel in one piece, a call at once",
      (link, { channel }, honest) =>
        link.write(
          honest,
          methodFrame(channel, [20, 40], uint(16, 404), shortString("NOT_FOUND"), uint(32, 0)),
        ),
      { answered: true, nextAtOnce: true },
    ),
    reply(
      "and the cancel of its consumer in one piece",
      (link, { channel }, honest) =>
        link.write(
          honest,
          methodFrame(channel, [60, 30], shortString(replyConsumer(link).tag), Buffer.of(1)),
        ),
      { answered: true },
    ),
    reply(
      "after blocked and unblocked in one piece",
      (link, _, honest) => {
        link.block("alarm");
        link.unblock();
        link.write(honest);
      },
      { answered: true },
    ),
    reply(
      "while the broker blocks, which does not end",
      (link, _, honest) => {
        link.block("alarm");
        link.write(honest);
      },
      { answered: true, recovers: false },
    ),
    reply(
      "in 8-byte pieces",
      (link, _, honest) => {
        for (let at = 0; at < honest.length; at += 8) link.write(honest.subarray(at, at + 8));
      },
      { answered: true },
    ),
  ];
}
