import { ProtocolError } from "../errors.ts";
import { IncomingFrames } from "../streams/incoming_frames.ts";
import type { Window } from "../streams/window.ts";
import { readAnswer } from "./read_reply.ts";
import type { StreamReader } from "./stream_reader.ts";

/** How a stream is asked for. */
export interface StreamTerms {
  /** How many bytes of items its worker may be ahead of its reader. */
  readonly window: Window;
  /** How long it may take in all, in milliseconds. */
  readonly deadline: number | undefined;
}

/** The frames that a worker sends of one stream. */
export class StreamFrames extends IncomingFrames<StreamReader> {
  readonly terms: StreamTerms;
  /** Whether a worker has begun. */
  isBegun = false;

  constructor(route: string, reader: StreamReader, terms: StreamTerms) {
    super(reader, terms.window, {
      read: (frame, maxBytes) => readAnswer(route, frame, maxBytes),
      unreadable: (what) =>
        new ProtocolError(`Cannot read the stream of "${route}", because ${what}`),
    });
    this.terms = terms;
  }
}
