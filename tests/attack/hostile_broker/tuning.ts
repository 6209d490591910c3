import type { FakeBrokerOptions } from "../../support/fake_broker.ts";
import type { HostileCase } from "./hostile_case.ts";

/** Handshakes that offer what few brokers do. */
export function casesOfTuning(): HostileCase[] {
  const offers: readonly (readonly [name: string, offer: FakeBrokerOptions, ok: boolean])[] = [
    ["frames without a limit", { frameMax: 0 }, true],
    ["frames of 4,096 bytes", { frameMax: 4_096 }, true],
    ["frames of 8,192 bytes", { frameMax: 8_192 }, true],
    ["frames of 4 GiB", { frameMax: 0xffff_ffff }, true],
    ["frames of one byte", { frameMax: 1 }, false],
    ["frames of 8 bytes", { frameMax: 8 }, false],
    ["no heartbeat", { heartbeat: 0 }, true],
    ["a heartbeat of 18 hours", { heartbeat: 65_535 }, true],
    ["channels without a limit", { channelMax: 0 }, true],
    ["one channel", { channelMax: 1 }, true],
    ["two channels", { channelMax: 2 }, true],
    ["no limit at all", { frameMax: 0, heartbeat: 0, channelMax: 0 }, true],
    ["another product", { product: "žluťoučký kůň \u0000" }, true],
  ];
  return (["client", "worker"] as const).flatMap((side) =>
    offers.map(([name, offer, ok]) => ({
      name: `${side}: a broker that offers ${name}`,
      side,
      options: () => offer,
      answered: ok && side === "client",
      recovers: ok,
    })),
  );
}
