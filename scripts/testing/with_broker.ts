import type { Broker } from "../broker/broker.ts";
import { findBroker, howToGetABroker } from "../broker/find_broker.ts";
import { onInterrupt } from "../cleanup.ts";
import { stopCommands } from "../run_command.ts";

/** Whether a missing broker is an error. */
export const requireBroker: boolean = process.env["BGTASKS_REQUIRE_BROKER"] === "1";

/** Finds a broker, runs `use` with it and stops what was started, on an interrupt too. */
export async function withBroker<Result>(
  use: (broker: Broker | undefined) => Promise<Result>,
): Promise<Result> {
  const broker = await findBroker();
  const forget = onInterrupt(async () => {
    stopCommands();
    await broker?.stop();
  });
  try {
    if (broker !== undefined) {
      console.log(`broker: ${broker.origin} at ${withoutPassword(broker.url)}`);
    } else if (requireBroker) {
      throw new Error(
        `Cannot run the tests without a broker as BGTASKS_REQUIRE_BROKER=1: ${howToGetABroker}`,
      );
    } else {
      console.warn(
        `!!! NO BROKER, so every test that needs one is skipped. To run them: ${howToGetABroker}.`,
      );
    }
    return await use(broker);
  } finally {
    await broker?.stop();
    forget();
  }
}

function withoutPassword(url: string): string {
  const shown = new URL(url);
  if (shown.password !== "") shown.password = "***";
  return shown.href;
}
