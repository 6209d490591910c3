import { Bench } from "../support/adapters.ts";
import { brokerURL } from "../support/broker.ts";

/** A bench on the broker; `await using` clears it. */
export function openBench(): Bench {
  return new Bench({ url: brokerURL, environment: "" }, true);
}
