import { logger } from "../log.ts";
import { keepCause } from "../messages/local_causes.ts";
import type { RequestContext } from "./request_context.ts";

const log = /* @__PURE__ */ logger("worker");

/** Whether anybody reads a record of each request. */
export function isWatched(): boolean {
  return log.isEnabledFor("debug");
}

/** Writes the record of one request: its route, what came of it, and how long that took. */
export function logReply(
  { route, correlationId }: RequestContext,
  { body, errorCode }: { readonly body: string; readonly errorCode: string | undefined },
  since: number,
): void {
  const milliseconds = Math.round((performance.now() - since) * 10) / 10;
  const isFail = errorCode !== undefined || body.startsWith('{"status":"fail"');
  const outcome = errorCode ?? (isFail ? "fail" : "ok");
  const properties = { route, outcome, milliseconds, correlationId };
  if (isFail) log.debug("{route} {outcome} {milliseconds} ms: {body}", { ...properties, body });
  else log.debug("{route} {outcome} {milliseconds} ms", properties);
}

/** Writes the record of one message that nobody waits for. */
export function logOutcome({ route }: RequestContext, outcome: string, since: number): void {
  const milliseconds = Math.round((performance.now() - since) * 10) / 10;
  log.debug("{route} {outcome} {milliseconds} ms", { route, outcome, milliseconds });
}

/**
 * Tells whoever can mend a handler what it did: the log, or standard error when no log was set up. Its caller may be
 * anybody, so that one learns no more than the id, except within this process.
 *
 * @param what it did, to follow its name: `failed`
 * @returns the id under which it can be found
 */
export function logFailure(what: string, error: unknown, request: RequestContext): string {
  const id = crypto.randomUUID();
  const { route } = request;
  log.error(`the handler of {route} ${what}, error {id}: {error}`, { route, id, error });
  if (request.hasLocalCaller) keepCause(id, error);
  else if (!log.isEnabledFor("error"))
    showFailure(`bgtasks: the handler of ${JSON.stringify(route)} ${what}, error ${id}:`, error);
  return id;
}

/* oxlint-disable no-console -- nobody would hear of it */
function showFailure(message: string, error: unknown): void {
  try {
    console.error(message, error);
  } catch {
    // It may be a Proxy or have getters that throw.
    console.error(message, "what was thrown cannot be shown");
  }
}
