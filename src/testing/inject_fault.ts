import { BgtasksError, ConnectionLostError, TaskError, ValidationError } from "../errors.ts";
import { describeProblems, millisecondsFrom0, optionsOf } from "../options/option_rules.ts";
import { flag, instanceOf, numberFrom } from "../options/rules.ts";
import type { RPCTask } from "../tasks/rpc_task.ts";
import { LoopbackMessage } from "../transport/loopback/loopback_message.ts";
import { JSON_TYPE } from "../messages/content_type.ts";
import { ERROR_HEADER, toFailure } from "../messages/failure.ts";
import { writeJSON } from "../messages/json.ts";
import { checkRoute } from "../messages/route.ts";
import type { CallDetour } from "./loopback_tap.ts";
import { loopbackTap } from "./loopback_tap.ts";

/** What goes wrong with the calls of a route. At most one of `drop`, `fail` and `disconnect`; `delay` goes with each. */
export interface Fault {
  /** Holds each request up for this time, in milliseconds. */
  readonly delay?: number | undefined;
  /** Loses the request: no handler runs and no reply comes, so that the caller runs into its timeout. */
  readonly drop?: boolean | undefined;
  /**
   * Answers with this error in the handler's place: the caller gets a `RemoteError` of the `TaskError`'s code, or the
   * `ValidationError`.
   */
  readonly fail?: TaskError | ValidationError | undefined;
  /**
   * Drops the link while the call is out: the caller's calls reject with `ConnectionLostError`, those with `retry` are
   * sent again. The link is back at once.
   */
  readonly disconnect?: boolean | undefined;
  /** How many calls go wrong, from the next one on. @default {Infinity} */
  readonly times?: number | undefined;
}

/**
 * Lets calls of a route go wrong over the loopback, until disposed. A route without a task may have faults too. Of
 * several faults of a route the last one counts.
 *
 * @throws BgtasksError with `code` `"invalid_fault"` when no fault is named, or two that exclude each other
 * @example
 * ```ts
 * import { configure, injectFault, RPCClient, rpcTasks } from "bgtasks";
 *
 * configure({ environment: "test" });
 * rpcTasks("users.name", () => "Tom");
 *
 * const client = new RPCClient();
 * {
 *   using fault = injectFault("users.name", { drop: true, times: 1 });
 *   await client.call("users.name", 1, { timeout: 20 }).catch((error) => console.log(error.code)); // timeout
 *   console.log(await client.call("users.name", 1)); // Tom
 * }
 * await client.close();
 * rpcTasks.delete("users.name");
 * ```
 */
export function injectFault(routeOrTask: string | RPCTask, fault: Fault): Disposable {
  const route = typeof routeOrTask === "string" ? routeOrTask : routeOrTask?.route;
  checkRoute(route);
  checkFault(route, fault);
  return new InjectedFault(route, fault);
}

class InjectedFault implements CallDetour, Disposable {
  readonly route: string;
  readonly #fault: Fault;
  readonly #subscription: Disposable;
  /** What to do with the requests that are held up, by their timers. */
  readonly #delayed = new Map<ReturnType<typeof setTimeout>, () => void>();
  #timesLeft: number;

  constructor(route: string, fault: Fault) {
    this.route = route;
    this.#fault = fault;
    this.#timesLeft = fault.times ?? Infinity;
    this.#subscription = loopbackTap.detour(this);
  }

  take(message: LoopbackMessage, proceed: () => void): boolean {
    if (this.#timesLeft <= 0) return false;
    this.#timesLeft--;
    const act = (): void => this.#act(message, proceed);
    const { delay } = this.#fault;
    if (delay === undefined) {
      act();
      return true;
    }
    const timer = setTimeout(() => {
      this.#delayed.delete(timer);
      act();
    }, delay);
    this.#delayed.set(timer, act);
    return true;
  }

  /** What is held up goes on now, so that no test waits for another one's delay. */
  [Symbol.dispose](): void {
    this.#subscription[Symbol.dispose]();
    for (const [timer, act] of this.#delayed) {
      clearTimeout(timer);
      act();
    }
    this.#delayed.clear();
  }

  #act({ content }: LoopbackMessage, proceed: () => void): void {
    const { correlationId, replyTo } = content;
    const { drop, fail, disconnect } = this.#fault;
    if (drop) return;
    if (fail) {
      const { code, body } = toFailure(fail);
      const headers = { [ERROR_HEADER]: code };
      const text = writeJSON(body);
      replyTo?.reply(new LoopbackMessage({ correlationId, contentType: JSON_TYPE, text, headers }));
    } else if (disconnect) {
      loopbackTap.tellFailed(correlationId ?? "", "connection_lost");
      replyTo?.lose(new ConnectionLostError("a test dropped the link"));
    } else {
      proceed();
    }
  }
}

function checkFault(route: string, fault: Fault): void {
  const rules = optionsOf({
    delay: millisecondsFrom0(),
    drop: flag,
    fail: instanceOf([TaskError, ValidationError], "must be a TaskError or a ValidationError"),
    disconnect: flag,
    times: numberFrom(1, Infinity, "must be 1 or more"),
  });
  const problems = describeProblems(rules, fault);
  if (problems !== undefined) throw invalid(route, problems);
  const { delay, drop, fail, disconnect } = fault;
  const outcomes = [drop, fail, disconnect].filter(Boolean).length;
  if (outcomes > 1) throw invalid(route, "drop, fail and disconnect exclude each other");
  if (outcomes === 0 && delay === undefined)
    throw invalid(route, "it needs one of delay, drop, fail and disconnect");
}

function invalid(route: string, rule: string): BgtasksError {
  return new BgtasksError("invalid_fault", `Cannot inject a fault into "${route}": ${rule}`);
}
