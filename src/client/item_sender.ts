import { BgtasksError, NotJSONError, ProtocolError } from "../errors.ts";
import { logger } from "../log.ts";
import { byteLength, isLongerThan } from "../messages/byte_length.ts";
import { writeJSON } from "../messages/json.ts";
import { describeThrown } from "../messages/printable.ts";
import { nameOf } from "../options/rules.ts";
import { BRACKETS, FrameBatch } from "../streams/frame_batch.ts";
import type { PumpOutlet } from "../streams/item_pump.ts";
import { ItemPump } from "../streams/item_pump.ts";
import { END, ITEMS } from "../streams/stream_types.ts";
import { MAX_WINDOW } from "../streams/window.ts";
import type { ReplySink } from "./reply_sink.ts";

const log = /* @__PURE__ */ logger("client");

/** Items that a call sends along. */
export type ItemsToSend<Item = unknown> = AsyncIterable<Item> | Iterable<Item>;

/** Iterators that were sent already: these have their items once. */
const begun = /* @__PURE__ */ new WeakSet();

/** What the sender of items knows of its call. */
export interface SendingCall {
  /** Whether a worker has said where it takes items. */
  readonly hasWorker: boolean;
  /** Whether the link takes anything at the moment. */
  readonly isOpen: boolean;
  /** @returns how many bytes the body takes */
  say(type: string, body: string, id: string): number;
  /** Gives the call up. */
  fail(error: unknown): void;
}

/** Sends the items of one call to its worker, when that asks for them, and as far as it says. */
export class ItemSender implements PumpOutlet {
  readonly #route: string;
  readonly #items: AsyncIterable<unknown>;
  readonly #maxBytes: number;
  #call: SendingCall | undefined;
  #pump: ItemPump | undefined;
  #allowed = 0;
  #sent = 0;
  #written = 0;
  #isOver = false;

  /** @throws BgtasksError with `code` `"invalid_options"` when the items can only be sent once, and were */
  constructor(route: string, items: ItemsToSend, maxBytes: number) {
    if (isOneTime(items)) {
      if (begun.has(items)) {
        const rule =
          "send has no items left: they were sent before, and an iterator gives them once";
        throw new BgtasksError("invalid_options", `Cannot call "${route}" as ${rule}`);
      }
      begun.add(items);
    }
    this.#route = route;
    this.#items = Symbol.asyncIterator in items ? items : asAsync(items);
    this.#maxBytes = maxBytes;
  }

  /** Whether the worker has asked for items, so that no other one can take them from the beginning. */
  get isBegun(): boolean {
    return this.#pump !== undefined;
  }

  get isOpen(): boolean {
    return this.#call?.isOpen === true;
  }

  watch(call: SendingCall): void {
    this.#call = call;
  }

  /** A sink that ends the sending with the call. */
  endWith(sink: ReplySink): ReplySink {
    let isRefused = false;
    return {
      owner: sink.owner,
      item: (value) => {
        this.stop();
        if (this.#call?.hasWorker) return sink.item(value);
        isRefused = true;
        const rule = "its worker takes no items, and has not said so";
        sink.fail(new ProtocolError(`Cannot send items to "${this.#route}": ${rule}`));
      },
      end: (returned) => {
        this.stop();
        if (!isRefused) sink.end(returned);
      },
      fail: (error, atOnce) => {
        this.stop();
        sink.fail(error, atOnce);
      },
    };
  }

  /** How many bytes of items may have been sent in all. What a peer says may be anything. */
  allow(bytes: number | undefined): void {
    if (this.#isOver || bytes === undefined || !(bytes > this.#allowed)) return;
    this.#allowed = Math.min(bytes, this.#sent + MAX_WINDOW);
    if (this.#pump) return this.#pump.wake();
    // A worker of little memory takes no large frames.
    const batch = new FrameBatch(Math.min(this.#maxBytes, this.#allowed));
    this.#pump = new ItemPump(this.#items, this, batch);
    void this.#run(this.#pump);
  }

  /** The link takes something again. */
  wake(): void {
    this.#pump?.wake();
  }

  /** Sends no more, and lets the items' source clean up. */
  stop(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#pump ??= new ItemPump(this.#items, this, new FrameBatch(this.#maxBytes));
    this.#pump.stop();
    this.#pump.returnItems().catch((error: unknown) => {
      log.warn("the items for {route} failed while they were ended: {error}", {
        route: this.#route,
        error: describeThrown(error),
      });
    });
  }

  mayPull(waiting: number): boolean {
    return this.isOpen && this.#sent + waiting < this.#allowed;
  }

  write(value: unknown): string {
    const place = `send[${this.#written++}]`;
    const item = this.#writeAt(place, value);
    if (!isLongerThan(this.#maxBytes - BRACKETS, item)) return item;
    const rule = `${place} takes ${byteLength(item)} bytes, more than maxMessageBytes: ${this.#maxBytes}`;
    throw new BgtasksError("too_large", `Cannot send items to "${this.#route}" as ${rule}`);
  }

  send(frame: string, id: string): void {
    this.#sent += this.#call?.say(ITEMS, frame, id) ?? 0;
  }

  async #run(pump: ItemPump): Promise<void> {
    try {
      if (!(await pump.run())) return;
      pump.flush();
      this.#isOver = true;
      this.#call?.say(END, "null", String(pump.frames));
    } catch (error) {
      this.#call?.fail(error);
    }
  }

  #writeAt(place: string, value: unknown): string {
    try {
      return writeJSON(value);
    } catch (error) {
      // Once more, for an error that names the place among all items.
      if (error instanceof NotJSONError) writeJSON({ [place]: value });
      throw error;
    }
  }
}

/** Whether a value can be given as `send`. A text is iterable, and its characters are not what is meant. */
function isItemsToSend(value: unknown): value is ItemsToSend {
  if (typeof value !== "object" || value === null) return false;
  return Symbol.asyncIterator in value || Symbol.iterator in value;
}

/** Says what `send` must be. */
const SEND_RULE = "must be items: a list, a generator, or anything else to iterate over";

/** Says what is wrong with items that are sent with these options beside; undefined when nothing is. */
export function findSendProblem(send: unknown, beside: string, other: unknown): string | undefined {
  if (send === undefined) return undefined;
  if (!isItemsToSend(send)) return `send ${SEND_RULE}: ${nameOf(send)}`;
  return other ? `send and ${beside} exclude each other: items are sent once` : undefined;
}

function isOneTime(items: object): boolean {
  if (typeof (items as Partial<AsyncIterator<unknown>>).next === "function") return true;
  return typeof ReadableStream === "function" && items instanceof ReadableStream;
}

async function* asAsync(items: Iterable<unknown>): AsyncGenerator {
  yield* items;
}
