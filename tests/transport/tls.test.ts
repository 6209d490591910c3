import assert from "node:assert/strict";
import type { AddressInfo } from "node:net";
import { after, before, describe, it } from "node:test";
import { createServer } from "node:tls";

import type { Settings } from "../../mod.ts";
import { BgtasksError } from "../../mod.ts";
import { freePorts } from "../../scripts/broker/free_ports.ts";
import { brokerRoot } from "../../scripts/broker/private_node.ts";
import { Bench } from "../support/adapters.ts";
import { CertificateAuthority } from "../support/certificates.ts";
import type { Certificate } from "../support/certificates.ts";
import { needsRabbitMQServerAndOpenSSL, PrivateBroker } from "../support/private_broker.ts";
import { waitForPort } from "../support/wait_for_port.ts";

describe("amqps", needsRabbitMQServerAndOpenSSL, () => {
  let authority: CertificateAuthority;
  let stranger: CertificateAuthority;
  let ours: Certificate;
  let theirs: Certificate;
  let broker: PrivateBroker;
  let port: number;

  before(async () => {
    [port = 0] = await freePorts(1);
    authority = await CertificateAuthority.create("ours", brokerRoot);
    stranger = await CertificateAuthority.create("theirs");
    const server = await authority.sign("broker", ["localhost", "127.0.0.1", "broker.internal"]);
    ours = await authority.sign("service");
    theirs = await stranger.sign("service");
    const inBroker = (file: string): string => file.slice(brokerRoot.length);
    broker = await PrivateBroker.start({
      configuration: [
        `listeners.ssl.1 = 127.0.0.1:${port}`,
        `ssl_options.cacertfile = ${inBroker(authority.certFile)}`,
        `ssl_options.certfile = ${inBroker(server.certFile)}`,
        `ssl_options.keyfile = ${inBroker(server.keyFile)}`,
        "ssl_options.verify = verify_peer",
        "ssl_options.fail_if_no_peer_cert = true",
      ],
    });
    await waitForPort(port);
  });

  after(async () => {
    await broker[Symbol.asyncDispose]();
    authority[Symbol.dispose]();
    stranger[Symbol.dispose]();
  });

  const settings = (tls: Settings["tls"], host = "localhost"): Settings => ({
    url: `amqps://guest:guest@${host}:${port}`,
    environment: "",
    reconnect: { initial: 5, max: 20, attempts: 2 },
    tls,
  });
  const trusted = (): Settings["tls"] => ({
    ca: authority.cert,
    cert: ours.cert,
    key: ours.key,
  });

  it("carries calls and replies, with a private authority and a client certificate", async () => {
    await using bench = new Bench(settings(trusted()), false);
    bench.registry(bench.route(), (input: unknown) => input);
    const worker = await bench.worker();
    const client = bench.client();
    const input = { text: "žofie".repeat(50_000) };
    assert.deepEqual(await client.call(bench.route(), input), input);
    assert.equal(worker.status.state, "ready");
    const connections = await broker.node.ctl("-q", "list_connections", "ssl", "name");
    assert.match(connections, /true/);
    assert.doesNotMatch(connections, /false/);
  });

  it("takes a list of authorities", async () => {
    const tls = { ...trusted(), ca: [stranger.cert, authority.cert] };
    await using bench = new Bench(settings(tls), false);
    bench.registry(bench.route(), (input: unknown) => input);
    await bench.worker();
    assert.equal(await bench.client().call(bench.route(), 1), 1);
  });

  it("writes without waiting for acknowledgements of TCP", async () => {
    await using bench = new Bench(settings(trusted()), false);
    bench.registry(bench.route(), (input: unknown) => input);
    await bench.worker();
    const client = bench.client();
    let fastest = Infinity;
    for (let n = 0; n < 50; n++) {
      const since = performance.now();
      await client.call(bench.route(), n);
      fastest = Math.min(fastest, performance.now() - since);
    }
    // Nagle's algorithm would make it 40 or more.
    assert.ok(fastest < 20, `the fastest call took ${fastest} ms`);
  });

  it("takes a broker that is reached by its address, when the certificate names that", async () => {
    await using bench = new Bench(settings(trusted(), "127.0.0.1"), false);
    bench.registry(bench.route(), (input: unknown) => input);
    await bench.worker();
    assert.equal(await bench.client().call(bench.route(), 1), 1);
  });

  for (const host of ["localhost", "127.0.0.1"]) {
    it(`takes another name that the certificate carries, for the host ${host}`, async () => {
      const tls = { ...trusted(), servername: "broker.internal" };
      await using bench = new Bench(settings(tls, host), false);
      bench.registry(bench.route(), (input: unknown) => input);
      await bench.worker();
      assert.equal(await bench.client().call(bench.route(), 1), 1);
    });
  }

  for (const [what, tls, reason] of [
    [
      "a name that the certificate does not carry",
      () => ({ ...trusted(), servername: "elsewhere.test" }),
      /certificate|altnames|name/i,
    ],
    [
      "an authority that is not trusted",
      () => ({ cert: ours.cert, key: ours.key }),
      /certificate|issuer/i,
    ],
    [
      "another authority than the trusted one",
      () => ({ ...trusted(), ca: stranger.cert }),
      /certificate|issuer/i,
    ],
  ] as const) {
    it(`refuses ${what}, and says why`, async () => {
      const error = await refused(settings(tls()));
      assert.match(error.message, reason);
    });
  }

  it("refuses an address that the certificate does not carry, and says why", async () => {
    const { cert, key } = await authority.sign("named", ["localhost"]);
    const named = createServer({ cert, key }, (socket) => socket.on("error", () => {}));
    named.on("tlsClientError", () => {});
    await new Promise<void>((resolve) => named.listen(0, "127.0.0.1", resolve));
    const { port } = named.address() as AddressInfo;
    const error = await refused({ ...settings(trusted()), url: `amqps://127.0.0.1:${port}` });
    assert.match(error.message, /certificate|altnames/i);
    await new Promise((resolve) => named.close(resolve));
  });

  for (const [what, tls] of [
    ["without a client certificate", () => ({ ca: authority.cert })],
    [
      "with a client certificate of another authority",
      () => ({ ca: authority.cert, cert: theirs.cert, key: theirs.key }),
    ],
  ] as const) {
    it(`is refused by the broker ${what}`, async () => {
      await refused(settings(tls()));
    });
  }

  it("is refused with a key that is none, and the key is not told", async () => {
    const key = "-----BEGIN PRIVATE KEY-----\nc2VjcmV0\n-----END PRIVATE KEY-----\n";
    const error = await refused(settings({ ...trusted(), key }));
    assert.doesNotMatch(error.message, /c2VjcmV0/);
  });

  /** What a call and a worker fail with, both the same. */
  async function refused(given: Settings): Promise<BgtasksError> {
    await using bench = new Bench(given, false);
    bench.registry(bench.route(), () => 1);
    const [error, workerError] = await Promise.all([
      bench
        .client()
        .call(bench.route(), 1, { timeout: 10_000 })
        .catch((reason: unknown) => reason),
      bench.worker().catch((reason: unknown) => reason),
    ]);
    assert.ok(error instanceof BgtasksError, String(error));
    assert.match(error.code, /^connection_(lost|refused)$/, error.message);
    assert.ok(workerError instanceof BgtasksError, String(workerError));
    assert.equal(workerError.code, error.code);
    return error;
  }
});
