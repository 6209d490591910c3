import { isDeepStrictEqual } from "node:util";

import { RPCClient } from "../../../mod.ts";
import type { Settings } from "../../../mod.ts";
import { FakeBroker } from "../../support/fake_broker.ts";
import { codeOf, lateness, settled } from "../settled.ts";
import type { HostileCase } from "./hostile_case.ts";
import { answerHonestly, attackedInput, ROUTE } from "./hostile_case.ts";

/** Deadline of the call that the broker attacks, and of the one after it, in milliseconds. */
const [ATTACKED, AFTERWARDS] = [700, 8_000];

/** How long a client may take to close: until its calls have ended and the broker had 2 s to answer a goodbye. */
const CLOSE = 2_500;

let lastName = 0;

/** Settings of a link to a broker that may do anything; none is shared with that of another case. */
export function settingsFor(broker: FakeBroker): Settings {
  return {
    url: broker.url,
    environment: "",
    name: `attack ${++lastName}`,
    heartbeatSeconds: 1,
    connectTimeout: 300,
    reconnect: { initial: 10, max: 50 },
    maxMessageBytes: 4_000_000,
  };
}

/** Calls by a hostile broker. @returns the rules that were broken */
export async function tryClient(hostile: HostileCase): Promise<readonly string[]> {
  const { options, recovers = true, answered, lies, nextAtOnce } = hostile;
  const broken: string[] = [];
  const rule = (text: string | undefined): void => {
    if (text !== undefined) broken.push(text);
  };
  const { onPublish, ...hooks } = options();
  await using broker = await FakeBroker.open({
    ...hooks,
    onPublish: (message, link) => {
      if (onPublish?.(message, link) === true) return true;
      if (message.routingKey !== ROUTE) return false;
      answerHonestly(message, link);
      return true;
    },
  });
  const client = new RPCClient({ settings: settingsFor(broker) });
  const input = attackedInput(lastName);
  const call = client.call(ROUTE, input, { timeout: ATTACKED });
  const next = nextAtOnce
    ? call.then(() => client.call(ROUTE, "next", { timeout: AFTERWARDS }))
    : undefined;
  next?.catch(() => {});
  const first = await settled(call, ATTACKED + 2_000);
  rule(lateness(first, ATTACKED, "the call"));
  if (first.state === "resolved" && !lies && !isDeepStrictEqual(first.value, input))
    rule(`the call was answered with ${JSON.stringify(first.value)}`);
  if (answered && first.state !== "resolved")
    rule(`the call was not answered: ${codeOf(first.value)}`);
  if (next) {
    const second = await settled(next, AFTERWARDS + 2_000);
    if (second.value !== "next") rule(`the call at once was not answered: ${codeOf(second.value)}`);
  }
  if (recovers) {
    const later = (): Promise<unknown> =>
      client.call(ROUTE, "later", { timeout: AFTERWARDS, retry: true });
    // A refusal is for good for the calls that it meets; the next one asks anew.
    const again = later().catch((error: unknown) =>
      codeOf(error) === "connection_refused" ? later() : Promise.reject(error),
    );
    const last = await settled(again, AFTERWARDS + 2_000);
    if (last.value !== "later") rule(`a later call was not answered: ${codeOf(last.value)}`);
  }
  rule(lateness(await settled(client.close(), CLOSE + 3_000), CLOSE, "close()"));
  return broken;
}
