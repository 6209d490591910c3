import { constants } from "node:os";
import process from "node:process";

import { RPCClient } from "../../client/rpc_client.ts";
import type { Settings } from "../../settings/settings.ts";
import { resolveSettings } from "../../settings/settings.ts";
import { CommandFailure, ExitCode } from "../terminal/exit_code.ts";
import { count, print, printAside } from "../terminal/output.ts";
import { paintFor } from "../terminal/paint.ts";
import { onStopSignal } from "../terminal/signals.ts";
import { explainFailure } from "../project/explain_failure.ts";

interface StreamCallOptions {
  readonly timeout?: number;
  readonly header: Readonly<Record<string, string>>;
}

/**
 * Prints the items of a stream, a line of JSON for each, until it ends, a signal stops it, or nobody reads any more.
 *
 * @returns the exit code
 * @throws CommandFailure when it fails
 */
export async function printStream(
  route: string,
  input: unknown,
  explicit: Settings,
  { timeout, header }: StreamCallOptions,
): Promise<number> {
  await using client = new RPCClient({ settings: explicit });
  let connected = false;
  client.onStatus(({ state }) => {
    if (state === "ready") connected = true;
  });
  const controller = new AbortController();
  let stoppedBy: string | undefined;
  onStopSignal((signal) => {
    stoppedBy = signal;
    controller.abort();
  });
  // As in `bgtasks call --stream … | head`.
  process.stdout.once("error", () => controller.abort());
  const { signal } = controller;
  const start = performance.now();
  let items = 0;
  const tell = (what: string): Promise<void> => {
    const milliseconds = Math.round((performance.now() - start) * 10) / 10;
    const paint = paintFor(process.stderr);
    return printAside(paint("dim", `${what}${count(items, "item")}, ${milliseconds} ms`));
  };
  try {
    for await (const item of client.stream(route, input, { timeout, headers: header, signal })) {
      items++;
      await print(JSON.stringify(item));
    }
  } catch (error) {
    if (!signal.aborted) {
      const failure = explainFailure(error, resolveSettings(explicit), connected);
      throw new CommandFailure(failure.exitCode, failure.message);
    }
  }
  if (stoppedBy === undefined) {
    if (!signal.aborted) await tell("");
    return ExitCode.OK;
  }
  await tell(`cancelled by ${stoppedBy}: `);
  return 128 + constants.signals[stoppedBy as keyof typeof constants.signals];
}
