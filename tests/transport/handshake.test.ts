import assert from "node:assert/strict";
import net from "node:net";
import type { AddressInfo } from "node:net";
import { describe, it } from "node:test";

import { BgtasksError } from "../../mod.ts";
import { CapturedLog } from "../foreign/captured_log.ts";
import { Bench } from "../support/adapters.ts";
import { FakeBroker } from "../support/fake_broker.ts";

/** What TLS answers to bytes that are not TLS: an alert of seven bytes. RabbitMQ, OpenSSL, BoringSSL differ in the last. */
const TLS_ALERT = Uint8Array.of(21, 3, 3, 0, 2, 2, 70);

/** Something that listens, and deals with each connection as it is told. */
class Listener implements AsyncDisposable {
  readonly #server: net.Server;

  static async open(onData: (socket: net.Socket) => void): Promise<Listener> {
    const server = net.createServer((socket) => {
      socket.on("error", () => {});
      socket.once("data", () => onData(socket));
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return new Listener(server);
  }

  private constructor(server: net.Server) {
    this.#server = server;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }
}

/** What a call rejects with, which is what the log says of the first attempt. */
async function failure(url: string): Promise<string> {
  const settings = { url, environment: "", reconnect: { initial: 1, max: 1, attempts: 2 } };
  await using bench = new Bench(settings, false);
  await using log = await CapturedLog.start();
  const error = await bench
    .client()
    .call(bench.route(), null, { timeout: 10_000 })
    .catch((reason: unknown) => reason);
  assert.ok(error instanceof BgtasksError, String(error));
  const message = error.message.replace(" (gave up after 2 attempts)", "");
  assert.equal(log.messages(message, "next attempt").length, 1, message);
  return message;
}

describe("a handshake with what is not a broker", () => {
  it("tells that the port speaks TLS", async () => {
    await using server = await Listener.open((socket) => socket.end(TLS_ALERT));
    const message = await failure(`amqp://127.0.0.1:${server.port}`);
    assert.match(message, /: what listens there speaks TLS: say amqps:\/\/ instead of amqp:\/\/$/);
  });

  it("tells that the port does not speak TLS", async () => {
    await using broker = await FakeBroker.open();
    const message = await failure(`amqps://127.0.0.1:${broker.port}`);
    assert.match(message, /does not speak TLS: say amqp:\/\/ instead of amqps:\/\/$/);
  });

  it("tells that a web server is not a broker", async () => {
    await using server = await Listener.open((socket) =>
      socket.end("HTTP/1.1 400 Bad Request\r\n\r\n"),
    );
    const message = await failure(`amqp://127.0.0.1:${server.port}`);
    assert.match(message, /: what listens there does not speak AMQP 0-9-1$/);
  });

  for (const [scheme, reason] of [
    ["amqp", "the port may want TLS"],
    ["amqps", "it may want a client certificate"],
  ] as const) {
    it(`tells over ${scheme} what may be when the other side hangs up without a word`, async () => {
      await using server = await Listener.open((socket) => socket.end());
      const message = await failure(`${scheme}://127.0.0.1:${server.port}`);
      assert.match(message, /the socket closed before the broker said a word/);
      assert.ok(message.includes(reason), message);
      assert.match(message, /a proxy has no broker behind it$/);
    });
  }

  it("says nothing of the kind of a broker that spoke first", async () => {
    await using broker = await FakeBroker.open({
      onMethod: ({ name }, link) => {
        if (name === "connection.start-ok") link.socket.end();
        return name === "connection.start-ok";
      },
    });
    assert.doesNotMatch(await failure(broker.url), /said a word|speak/);
  });
});
