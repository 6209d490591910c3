import { clearTimeout, setTimeout } from "node:timers";

import { ConnectionLostError, ConnectionRefusedError } from "../../../errors.ts";
import type { BrokerHost } from "../../../settings/settings.ts";
import { BrokerConnection } from "./broker_connection.ts";
import type { ConnectionOptions } from "./socket_client.ts";

/** How long to wait for a host before the next one is tried beside it, in milliseconds. */
const HEAD_START = 1_000;

/**
 * Connects to the first of the hosts that answers. They are tried in random order, so that the clients of a cluster spread
 * over it, and one that says nothing holds up the others for a moment only.
 *
 * @param signal gives all attempts up
 * @throws ConnectionRefusedError when a host refuses us, ConnectionLostError when none can be reached
 */
export async function openAnyHost(
  options: ConnectionOptions,
  signal: AbortSignal,
): Promise<BrokerConnection> {
  if (signal.aborted) throw new ConnectionLostError("The attempt to connect was given up");
  const hosts = shuffled(options.settings.hosts);
  const attempts = new AbortController();
  const giveUp = (): void => attempts.abort();
  signal.addEventListener("abort", giveUp);
  let timer: ReturnType<typeof setTimeout> | undefined;
  try {
    return await new Promise((resolve, reject) => {
      const errors: unknown[] = [];
      const startNext = (): void => {
        clearTimeout(timer);
        const host = hosts.pop();
        if (!host || attempts.signal.aborted) return;
        if (hosts.length > 0) {
          timer = setTimeout(startNext, HEAD_START);
          if (!options.keepsProcessAlive) timer.unref();
        }
        BrokerConnection.open(host, options, attempts.signal).then(
          (connection) => {
            // Beaten by another host at the same moment.
            if (attempts.signal.aborted) connection.destroy(new Error("not needed any more"));
            resolve(connection);
            giveUp();
          },
          (error: unknown) => {
            errors.push(error);
            if (error instanceof ConnectionRefusedError || signal.aborted) reject(error);
            else if (errors.length === options.settings.hosts.length) reject(joined(errors));
            else startNext();
          },
        );
      };
      startNext();
    });
  } finally {
    clearTimeout(timer);
    giveUp();
    signal.removeEventListener("abort", giveUp);
  }
}

function joined(errors: readonly unknown[]): unknown {
  return errors.length === 1 ? errors[0] : new ConnectionLostError(errors.map(String).join("; "));
}

function shuffled(hosts: readonly BrokerHost[]): BrokerHost[] {
  return hosts
    .map((host) => ({ host, order: Math.random() }))
    .sort((a, b) => a.order - b.order)
    .map(({ host }) => host);
}
