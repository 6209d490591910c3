import {
  BODY,
  frame,
  HEADER,
  headerFrame,
  HEARTBEAT,
  longString,
  METHOD,
  methodFrame,
  shortString,
  uint,
} from "../../support/amqp_bytes.ts";
import type { FakeLink } from "../../support/fake_broker.ts";
import { deliverMethod } from "./content_methods.ts";

/** What a broker may do at any moment. */
export interface Malice {
  readonly does: string;
  /** Whether a link cannot go on after it, or is gone. What is not may be overlooked. */
  readonly fatal: boolean;
  readonly to: (link: FakeLink, channel: number) => void;
}

const sends = (does: string, fatal: boolean, ...bytes: readonly Uint8Array[]): Malice => ({
  does,
  fatal,
  to: (link) => link.write(...bytes),
});

const text = (value: string): Uint8Array => Buffer.from(value);

/** A preamble that promises so many bytes. */
const promise = (type: number, channel: number, length: number): Uint8Array =>
  Buffer.concat([Buffer.of(type), uint(16, channel), uint(32, length)]);

/** A whole message for a consumer that is not there. */
const delivered = (channel: number): Uint8Array[] => [
  deliverMethod(channel, "none", 1, "task"),
  headerFrame(channel, [], 4),
  frame(BODY, channel, [text("null")]),
];

const closeArguments = (code: number): Uint8Array[] => [
  ...[uint(16, code), shortString("for no good reason"), uint(32, 0)],
];

const junk = Uint8Array.from({ length: 64 }, (_, i) => (i * 89 + 41) & 255);

/** Most of these break AMQP; some only come at a bad moment. */
export const MALICE: readonly Malice[] = [
  {
    does: "falls silent",
    fatal: true,
    to: (link) => {
      link.deaf = true;
    },
  },
  { does: "drops the link", fatal: true, to: (link) => void link.socket.destroy() },
  {
    does: "resets the link",
    fatal: true,
    to: ({ socket }) => {
      if (typeof socket.resetAndDestroy === "function") socket.resetAndDestroy();
      else socket.destroy();
    },
  },
  { does: "ends its half of the link", fatal: true, to: (link) => void link.socket.end() },
  sends("sends junk", true, junk),
  sends("speaks HTTP", true, text("HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n")),
  sends("offers another protocol", true, text("AMQP\u0000\u0001\u0000\u0000")),
  sends("begins a frame and sends no more of it", true, promise(METHOD, 0, 100), junk),
  sends("promises a frame of 4 GiB", true, promise(METHOD, 0, 0xffff_ffff)),
  sends("promises a frame of 2 GiB", true, promise(BODY, 1, 0x7fff_ffff)),
  sends("promises a frame of 1 MiB", true, promise(METHOD, 0, 1_048_576)),
  sends("ends a frame with another mark", true, promise(METHOD, 0, 4), uint(32, 0), Buffer.of(0)),
  sends("sends a method without a byte", false, frame(METHOD, 1, [])),
  sends("sends a method of three bytes", false, frame(METHOD, 1, [Buffer.of(0, 60, 0)])),
  sends("sends a method without arguments", true, methodFrame(1, [60, 60])),
  sends("sends a header without a message", true, headerFrame(1, [], 10)),
  sends("sends a body without a message", true, frame(BODY, 1, [text("null")])),
  sends("sends a header of no byte", true, frame(HEADER, 1, [])),
  sends("sends a method of no class", false, methodFrame(0, [99, 99], junk)),
  sends("sends an unknown method", false, methodFrame(1, [60, 250], junk)),
  sends("sends a frame of type 0", false, frame(0, 0, [junk])),
  sends("sends a frame of type 255", false, frame(255, 1, [junk])),
  sends(
    "sends a thousand heartbeats",
    false,
    ...Array<Uint8Array>(1_000).fill(frame(HEARTBEAT, 0, [])),
  ),
  sends("sends a heartbeat with content on a channel", false, frame(HEARTBEAT, 3, [junk])),
  sends("says goodbye", true, methodFrame(0, [10, 50], ...closeArguments(320))),
  sends("reports an internal error", true, methodFrame(0, [10, 50], ...closeArguments(541))),
  sends("refuses for good", true, methodFrame(0, [10, 50], ...closeArguments(403))),
  sends("says goodbye on a channel", false, methodFrame(1, [10, 50], ...closeArguments(320))),
  sends("says goodbye without a reason", true, methodFrame(0, [10, 50])),
  sends(
    "says goodbye with half a reason",
    true,
    methodFrame(0, [10, 50], uint(16, 320), Buffer.of(200, 65)),
  ),
  sends(
    "begins the handshake anew",
    false,
    methodFrame(
      0,
      [10, 10],
      Buffer.of(0, 9),
      longString(""),
      longString("PLAIN"),
      longString("en_US"),
    ),
  ),
  sends(
    "tunes again, to a frame of one byte",
    false,
    methodFrame(0, [10, 30], uint(16, 1), uint(32, 1), uint(16, 1)),
  ),
  sends("opens again", false, methodFrame(0, [10, 41], shortString(""))),
  sends("agrees to a goodbye that nobody said", false, methodFrame(0, [10, 51])),
  sends(
    "blocks with a reason that is cut off",
    false,
    methodFrame(0, [10, 60], Buffer.of(200, 65, 66)),
  ),
  sends(
    "closes a channel that is not open",
    false,
    methodFrame(9, [20, 40], ...closeArguments(404)),
  ),
  sends("closes channel 0", false, methodFrame(0, [20, 40], ...closeArguments(404))),
  sends("closes channel 65,535", false, methodFrame(65_535, [20, 40], ...closeArguments(404))),
  sends("agrees to the close of a channel", false, methodFrame(7, [20, 41])),
  sends("opens a channel that nobody asked for", false, methodFrame(12, [20, 11], uint(32, 0))),
  sends("stops the flow", false, methodFrame(1, [20, 20], Buffer.of(0))),
  sends("delivers to channel 65,535", false, ...delivered(65_535)),
  sends("delivers to channel 0", false, ...delivered(0)),
  sends(
    "acknowledges what was not published",
    false,
    methodFrame(1, [60, 80], uint(64, 2n ** 63n), Buffer.of(1)),
  ),
  sends(
    "cancels a consumer that is not there",
    false,
    methodFrame(1, [60, 30], shortString("none"), Buffer.of(1)),
  ),
  sends(
    "confirms a consumer that is not there",
    false,
    methodFrame(1, [60, 21], shortString("none")),
  ),
  sends(
    "has a queue that nobody declared",
    false,
    methodFrame(1, [50, 11], shortString("none"), uint(32, 0), uint(32, 0)),
  ),
  {
    does: "closes the channel",
    fatal: false,
    // Without waiting for the consent of a client that may not have opened it.
    to: (link, channel) => link.method(channel || 1, "channel.close", ...closeArguments(406)),
  },
  {
    does: "closes the channel and the connection at once",
    fatal: true,
    to: (link, channel) =>
      link.write(
        methodFrame(channel || 1, [20, 40], ...closeArguments(404)),
        methodFrame(0, [10, 50], ...closeArguments(320)),
      ),
  },
  {
    does: "cancels every consumer",
    fatal: false,
    to: (link) => {
      for (const tag of [...link.consumers.keys()]) link.cancel(tag);
    },
  },
  {
    does: "blocks and unblocks a thousand times",
    fatal: false,
    to: (link) => {
      for (let i = 0; i < 1_000; i++) {
        link.block(`alarm ${i}`);
        link.unblock();
      }
    },
  },
];
