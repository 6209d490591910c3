/** The gateway: those tasks that it names, for browsers. Calls are JSON, streams are server-sent events. */
import { readFile } from "node:fs/promises";

import { BgtasksError, ConnectionLostError, ValidationError } from "bgtasks";
import type { RPCClient } from "bgtasks";
import { Hono } from "hono";

/** What may be asked for from outside. */
export interface Exposed {
  readonly calls: readonly string[];
  readonly streams: Readonly<Record<string, ExposedStream>>;
}

/** How a browser that lost its connection goes on: it sends the id of the last event that it saw. */
interface ExposedStream {
  readonly idOf: (item: unknown) => string;
  readonly inputAfter: (lastEventId: string) => unknown;
}

/** A handler of requests of the web; `fetch` of it is what Deno, Bun and others serve. */
export function buildGateway(client: RPCClient, { calls, streams }: Exposed): Hono {
  const app = new Hono();
  const page = new URL("./page.html", import.meta.url);

  app.get("/", async (c) => c.html(await readFile(page, "utf8")));

  app.post("/call/:route", async (c) => {
    const route = c.req.param("route");
    if (!calls.includes(route)) return c.json({ code: "no_route" }, 404);
    const input: unknown = await c.req.json().catch(() => undefined);
    if (input === undefined) return c.json({ code: "bad_request" }, 400);
    try {
      // The browser that goes away is the caller that does not wait any more.
      return c.json(await client.call(route, input, { signal: c.req.raw.signal }));
    } catch (error) {
      return c.json(describe(error), statusOf(error));
    }
  });

  app.get("/stream/:route", (c) => {
    const route = c.req.param("route");
    const exposed = Object.hasOwn(streams, route) ? streams[route] : undefined;
    if (!exposed) return c.json({ code: "no_route" }, 404);
    const last = c.req.header("last-event-id") ?? "0";
    const stream = client.stream(route, exposed.inputAfter(last));
    const headers = { "content-type": "text/event-stream", "cache-control": "no-store" };
    return c.body(bytesOf(eventsOf(stream, exposed)), 200, headers);
  });

  return app;
}

async function* eventsOf(
  items: AsyncIterable<unknown>,
  { idOf }: ExposedStream,
): AsyncGenerator<string, void> {
  try {
    // How long the browser waits before it comes again, in milliseconds.
    yield "retry: 500\n\n";
    for await (const item of items) yield `id: ${idOf(item)}\ndata: ${JSON.stringify(item)}\n\n`;
    yield "event: end\ndata: null\n\n";
  } catch (error) {
    // A response that breaks off makes the browser come again, with the last id.
    if (error instanceof ConnectionLostError) throw error;
    yield `event: failure\ndata: ${JSON.stringify(describe(error))}\n\n`;
  }
}

/** Text as the body of a response. A browser that goes away ends the generator, and with it the task's handler. */
function bytesOf(texts: AsyncGenerator<string, void>): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  return new ReadableStream(
    {
      async pull(controller) {
        const { done, value } = await texts.next();
        if (done) controller.close();
        else controller.enqueue(encoder.encode(value));
      },
      async cancel() {
        await texts.return();
      },
    },
    { highWaterMark: 0 },
  );
}

/** What a browser may know of an error: its code, and what is wrong with the input. */
function describe(error: unknown): { readonly code: string; readonly issues?: unknown } {
  if (error instanceof ValidationError) return { code: error.code, issues: error.issues };
  return { code: error instanceof BgtasksError ? error.code : "internal" };
}

function statusOf(error: unknown): 422 | 502 | 503 | 504 {
  const { code } = describe(error);
  if (code === "invalid_input") return 422;
  if (code === "timeout") return 504;
  return ["no_route", "busy", "stopping", "connection_lost"].includes(code) ? 503 : 502;
}
