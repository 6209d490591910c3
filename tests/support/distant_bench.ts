import assert from "node:assert/strict";

import { RPCTimeoutError } from "../../mod.ts";
import { Bench } from "./adapters.ts";
import { brokerURL } from "./broker.ts";
import { TCPProxy } from "./tcp_proxy.ts";

/** A bench whose broker is `delay` milliseconds away, in each direction. */
export async function openDistantBench(delay: number): Promise<Bench> {
  const proxy = await TCPProxy.open(brokerURL ?? "", { delay });
  const bench = new Bench({ url: `amqp://127.0.0.1:${proxy.port}`, environment: "" }, true);
  bench.onDispose(() => proxy[Symbol.asyncDispose]());
  return bench;
}

/** How a call that nobody answers ends, and how many milliseconds later than it should. */
export async function timeOut(
  call: Promise<unknown>,
  timeout: number,
): Promise<{ consumers: number | undefined; late: number }> {
  const begin = performance.now();
  const error = await call.catch((reason: unknown) => reason);
  assert.ok(error instanceof RPCTimeoutError, String(error));
  return { consumers: error.consumers, late: performance.now() - begin - timeout };
}
