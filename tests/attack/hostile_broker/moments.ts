import type { FakeBrokerOptions, FakeLink } from "../../support/fake_broker.ts";
import type { HostileCase } from "./hostile_case.ts";
import type { Malice } from "./malice.ts";
import { MALICE } from "./malice.ts";

/** When a broker turns: as a method comes for the first time. */
const MOMENTS = {
  client: [
    "hello",
    "connection.start-ok",
    "connection.open",
    "channel.open",
    "basic.consume",
    "basic.publish",
  ],
  worker: [
    "hello",
    "connection.start-ok",
    "connection.open",
    "channel.open",
    "queue.declare",
    "basic.qos",
    "basic.consume",
    "basic.ack",
  ],
} as const;

/** Every malice at every moment of the first connection, in place of the broker's answer and in one piece with it. */
export function casesOfMoments(): HostileCase[] {
  return (["client", "worker"] as const).flatMap((side) =>
    MOMENTS[side].flatMap((moment) =>
      MALICE.flatMap((malice) => [
        atMoment(side, moment, malice, "instead"),
        atMoment(side, moment, malice, "with it"),
      ]),
    ),
  );
}

function atMoment(
  side: "client" | "worker",
  moment: string,
  malice: Malice,
  manner: "instead" | "with it",
): HostileCase {
  const how = manner === "instead" ? "in place of" : "together with";
  return {
    name: `${side}: ${malice.does} ${how} the answer to ${moment}`,
    side,
    // A broker that says something else, and lives, may keep us waiting for its answer.
    recovers: malice.fatal || manner === "with it",
    options: () => hooks(moment, malice, manner),
  };
}

function hooks(moment: string, malice: Malice, manner: "instead" | "with it"): FakeBrokerOptions {
  let turned = false;
  const turn = (link: FakeLink, channel: number): boolean => {
    if (turned || link.index > 0) return false;
    turned = true;
    if (manner === "instead") {
      malice.to(link, channel);
      return true;
    }
    // After the broker's own answer, which follows this hook, and in one write with it.
    link.socket.cork();
    queueMicrotask(() => {
      malice.to(link, channel);
      link.socket.uncork();
    });
    return false;
  };
  return {
    onHello: (link) => moment === "hello" && turn(link, 0),
    onMethod: ({ name, channel }, link) => moment === name && turn(link, channel),
    onPublish: ({ channel }, link) => moment === "basic.publish" && turn(link, channel),
  };
}
