import type { CallContext } from "../context/call_context.ts";
import { CALL_CONTEXT_RULE, DEPTH_HEADER, isWithin } from "../context/call_context.ts";
import { inherit, shorten, withInherited } from "../context/inherit.ts";
import { BgtasksError } from "../errors.ts";
import { didYouMean } from "../options/option_rules.ts";
import { nameOf } from "../options/rules.ts";
import type { ResolvedSettings } from "../settings/settings.ts";
import { MAX_TIMEOUT } from "../time/max_timeout.ts";
import type { MessageHeaders } from "../messages/message.ts";
import { byteLength } from "../messages/byte_length.ts";
import { takeFittingHeaders } from "../transport/limits.ts";
import { MAX_DELAY } from "./delay_ladder.ts";
import { DELAY_NAME, isDelay } from "./delay_rule.ts";

/** How a job is sent. */
export interface JobSendOptions {
  /**
   * The job's name, 1 to 255 bytes. It stays the same however often the job is delivered, retried or taken out of the dead
   * letters, so that a handler can tell what it has done before. The broker takes two jobs of one id.
   * @default {a random UUID}
   */
  readonly id?: string;
  /** How long to wait before the job may run, in milliseconds, up to ten years. Not together with `at`. @default {0} */
  readonly delay?: number;
  /** When the job may run, by the sender's clock; a time that is over means now. Not together with `delay`. */
  readonly at?: Date;
  /** How many milliseconds the job has to begin, by the clocks of both machines. After that it goes to the dead letters. */
  readonly expires?: number;
  /** How long the broker may take to confirm the job, in milliseconds, reconnecting included. @default {the setting rpcTimeout} */
  readonly timeout?: number;
  /** Sent along for the handler. */
  readonly headers?: MessageHeaders;
  /** Sends to a topic exchange under the job's route, as Python services take jobs. Not together with `delay` or `at`. */
  readonly exchange?: string;
  /**
   * The `ctx` of the handler that sends the job: trace headers go along, and those that the setting `inheritHeaders` names, and the
   * confirm takes no longer than the time that is left. The job itself has no deadline by that.
   * @default {nothing, or with `bgtasks/async-context` the handler's; null for nothing in any case}
   */
  readonly within?: CallContext | null;
}

/** Options of a job without gaps. */
export interface ResolvedSendOptions {
  readonly id: string;
  /** In milliseconds; 0 for none. */
  readonly delay: number;
  /** In milliseconds since 1970. */
  readonly expiresAt: number | undefined;
  readonly timeout: number;
  readonly headers: MessageHeaders | undefined;
  readonly exchange: string | undefined;
}

const KNOWN = ["id", "delay", "at", "expires", "timeout", "headers", "exchange", "within"];

/** Ids and names of exchanges are short strings on the wire, whose length is one byte. */
const MAX_SHORT_BYTES = 255;

/**
 * Checks options and fills in what they leave out. By hand, because it is on the way of every job.
 *
 * @param now milliseconds since 1970
 * @throws BgtasksError with `code` `"invalid_options"` or `"invalid_headers"`
 */
export function takeSendOptions(
  route: string,
  options: JobSendOptions | undefined,
  settings: Pick<ResolvedSettings, "frameMax" | "rpcTimeout">,
  now: number,
): ResolvedSendOptions {
  if (options === undefined) return resolve({}, undefined, 0, settings, now);
  const rule = findBrokenRule(options, now);
  if (rule !== undefined) {
    throw new BgtasksError("invalid_options", `Cannot send a job to "${route}", because ${rule}`);
  }
  const { delay = 0, at } = options;
  const wait = at === undefined ? delay : Math.max(0, at.getTime() - now);
  return resolve(options, takeFittingHeaders(options.headers, settings), wait, settings, now);
}

/**
 * Adds what a job takes from the request that it is sent within.
 *
 * @throws RPCTimeoutError when there is no time left
 * @throws BgtasksError with `code` `"too_many_hops"`
 */
export function nestSendOptions(
  context: CallContext,
  route: string,
  options: ResolvedSendOptions,
  settings: Pick<ResolvedSettings, "frameMax" | "inheritHeaders">,
): ResolvedSendOptions {
  const { headers, left, depth } = inherit(context, route, settings, "send a job to");
  const together = takeFittingHeaders(withInherited(headers, options.headers), settings);
  return {
    ...options,
    timeout: shorten(options.timeout, left),
    headers: { ...together, [DEPTH_HEADER]: depth },
  };
}

function resolve(
  { id = crypto.randomUUID(), expires, timeout, exchange }: JobSendOptions,
  headers: MessageHeaders | undefined,
  delay: number,
  { rpcTimeout }: Pick<ResolvedSettings, "rpcTimeout">,
  now: number,
): ResolvedSendOptions {
  const expiresAt = expires === undefined ? undefined : Math.ceil(now + expires);
  return { id, delay, expiresAt, timeout: timeout ?? rpcTimeout, headers, exchange };
}

function findBrokenRule(options: unknown, now: number): string | undefined {
  if (nameOf(options) !== "object") return `its options must be an object: ${nameOf(options)}`;
  for (const key in options as object)
    if (!KNOWN.includes(key)) return `${key} is not an option${didYouMean(key, KNOWN)}`;
  const { id, delay, at, expires, timeout, exchange, within } = options as Record<string, unknown>;
  if (id !== undefined && !isShortText(id)) return `id must be ${SHORT_TEXT}: ${shown(id)}`;
  if (delay !== undefined && !isDelay(delay)) return `delay must be ${DELAY_NAME}: ${shown(delay)}`;
  if (at !== undefined) {
    if (delay !== undefined) return "delay and at exclude each other: give one of them";
    if (!(at instanceof Date)) return `at must be a Date: ${shown(at)}`;
    if (Number.isNaN(at.getTime())) return "at must be a valid Date";
    if (at.getTime() - now > MAX_DELAY)
      return `at must be at most ten years from now: ${at.toISOString()}`;
  }
  if (expires !== undefined) {
    if (!isDelay(expires) || expires === 0)
      return `expires must be ${DELAY_NAME}, and not 0: ${shown(expires)}`;
    const wait = at instanceof Date ? at.getTime() - now : (delay ?? 0);
    if (expires <= wait) return "expires must be longer than the delay, or the job never runs";
  }
  if (timeout !== undefined && !isTimeout(timeout)) {
    return `timeout must be a number of milliseconds above 0, at most ${MAX_TIMEOUT}: ${shown(timeout)}`;
  }
  if (within !== undefined && !isWithin(within))
    return `within ${CALL_CONTEXT_RULE}: ${shown(within)}`;
  if (exchange === undefined) return undefined;
  if (!isShortText(exchange)) return `exchange must be ${SHORT_TEXT}: ${shown(exchange)}`;
  if (delay === undefined && at === undefined) return undefined;
  return "exchange excludes delay and at: a delayed job arrives at a queue, not at an exchange";
}

const SHORT_TEXT = `text of 1 to ${MAX_SHORT_BYTES} bytes`;

function isShortText(value: unknown): value is string {
  return typeof value === "string" && value !== "" && byteLength(value) <= MAX_SHORT_BYTES;
}

function isTimeout(value: unknown): boolean {
  return typeof value === "number" && value > 0 && value <= MAX_TIMEOUT;
}

/** A value for a message: numbers as they are, of texts the length, of others the kind. */
function shown(value: unknown): string {
  if (typeof value === "number") return String(value);
  return typeof value === "string" ? `text of ${byteLength(value)} bytes` : nameOf(value);
}
