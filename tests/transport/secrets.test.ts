import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";

import type { LogRecord } from "@logtape/logtape";
import { configure as configureLog, reset as resetLog } from "@logtape/logtape";
import * as v from "valibot";

import * as library from "../../mod.ts";
import type { LinkStatus, Settings } from "../../mod.ts";
import { Bench } from "../support/adapters.ts";
import { CLI } from "../support/cli.ts";
import { needsRabbitMQServer, PrivateBroker } from "../support/private_broker.ts";
import { SecretSearch } from "../support/secret_search.ts";
import { deferred, waitFor } from "../support/wait_for.ts";

const RIGHT = "hunter2-right/word";
const WRONG = "hunter2-wrong/word";
const SECRETS = ["hunter2", encodeURIComponent(RIGHT), encodeURIComponent(WRONG)];

/** The search finds nothing, and what it searched was there. */
function assertNothingFound(search: SecretSearch): void {
  assert.deepEqual(search.found, []);
}

describe("a search for secrets", () => {
  it("finds one that a property, a getter, a cause, an entry or a name holds", () => {
    class Holder {
      get url(): string {
        return `amqp://u:${RIGHT}@host`;
      }
    }
    const hidden = Object.defineProperty({}, "hidden", { value: WRONG, enumerable: false });
    for (const value of [
      { a: { b: [RIGHT] } },
      new Holder(),
      new Error("outer", { cause: new Error(WRONG) }),
      new Map([["key", new Set([RIGHT])]]),
      { [WRONG]: 1 },
      hidden,
    ]) {
      const search = new SecretSearch(SECRETS);
      search.search("value", value);
      assert.notDeepEqual(search.found, []);
    }
  });
});

describe("the password", needsRabbitMQServer, () => {
  let broker: PrivateBroker;
  let records: LogRecord[];

  before(async () => {
    broker = await PrivateBroker.start();
    await broker.node.ctl("add_user", "somebody", RIGHT);
    await broker.node.ctl("set_permissions", "somebody", ".*", ".*", ".*");
    records = [];
    await configureLog({
      sinks: { memory: (record) => records.push(record) },
      loggers: [
        { category: ["bgtasks"], sinks: ["memory"], lowestLevel: "trace" },
        { category: ["logtape", "meta"], sinks: [] },
      ],
      reset: true,
    });
  });

  after(async () => {
    await resetLog();
    await broker[Symbol.asyncDispose]();
  });

  const url = (password: string, rest = ""): string =>
    `amqp://somebody:${encodeURIComponent(password)}@127.0.0.1:${broker.node.port}${rest}`;

  for (const how of ["by URL", "by key"] as const) {
    const settingsWith = (password: string): Settings =>
      how === "by URL"
        ? { ...broker.settings, url: url(password) }
        : { ...broker.settings, username: "somebody", password };

    it(`given ${how} shows nowhere while all goes well, nor when links break`, async () => {
      const search = new SecretSearch(SECRETS);
      const bench = new Bench(settingsWith(RIGHT), false);
      const [statuses, errors]: [LinkStatus[], unknown[]] = [[], []];
      const { registry } = bench;
      const route = bench.route();
      const [started, gate] = [deferred(), deferred()];
      registry(route, (input: unknown, ctx) => {
        search.search("a handler's context", ctx);
        return input;
      });
      registry(bench.route("slow"), async () => {
        started.resolve();
        await gate.promise;
      });
      registry(bench.route("failing"), () => {
        throw new Error("of the handler");
      });
      registry(bench.route("picky"), { input: v.string() }, () => 1);
      const worker = await bench.worker();
      const client = bench.client();
      client.onStatus((status) => statuses.push(status));
      worker.onStatus((status) => statuses.push(status));
      const keep = (call: Promise<unknown>): Promise<void> =>
        call.then(
          () => assert.fail("no error"),
          (error: unknown) => void errors.push(error),
        );
      assert.equal(await client.call(route, 1), 1);
      await keep(client.call(bench.route("nowhere")));
      await keep(client.call(bench.route("failing")));
      await keep(client.call(bench.route("picky"), 1));
      await keep(client.call(bench.route("slow"), 1, { timeout: 50 }));
      await keep(client.call(route, () => {}));
      await started.promise;
      const lost = keep(client.call(bench.route("slow"), 1));
      search.search("a client", client);
      search.search("a worker", worker);
      search.search("a registry", registry);
      await broker.node.ctl("close_all_connections", "test");
      await lost;
      gate.resolve();
      await waitFor(() => statuses.some(({ state }) => state === "waiting"), "the loss");
      assert.equal(await client.call(route, 2), 2);
      await bench[Symbol.asyncDispose]();
      await keep(client.call(route));
      search.search("a closed client", client);
      search.search("a stopped worker", worker);
      search.search("statuses", statuses);
      search.search("errors", errors);
      for (const error of errors) search.search("an error", error);
      assert.equal(errors.length, 7);
      assertNothingFound(search);
    });

    it(`given ${how} shows nowhere when the broker refuses it`, async () => {
      const search = new SecretSearch(SECRETS);
      const bench = new Bench(settingsWith(WRONG), false);
      bench.registry(bench.route(), () => 1);
      const client = bench.client();
      const error = await client.call(bench.route()).catch((reason: unknown) => reason);
      const worker = new library.Worker({ registry: bench.registry, settings: bench.settings });
      const refusal = await worker.start().catch((reason: unknown) => reason);
      assert.ok(error instanceof library.ConnectionRefusedError);
      assert.ok(refusal instanceof library.ConnectionRefusedError);
      search.search("a refused client", client);
      search.search("its status", client.status);
      search.search("its error", error);
      search.search("a refused worker", worker);
      search.search("its status", worker.status);
      search.search("its error", refusal);
      await worker.stop();
      await bench[Symbol.asyncDispose]();
      assertNothingFound(search);
    });
  }

  it("shows nowhere when the virtual host is unknown or nobody listens", async () => {
    const search = new SecretSearch(SECRETS);
    for (const given of [url(RIGHT, "/nowhere"), `amqp://somebody:${WRONG}@127.0.0.1:1`]) {
      await using bench = new Bench(
        { ...broker.settings, url: given.replace("/word@", "%2Fword@") },
        false,
      );
      const client = bench.client();
      const error = await client
        .call(bench.route(), 1, { timeout: 300 })
        .catch((reason: unknown) => reason);
      assert.ok(error instanceof library.BgtasksError);
      search.search("a client", client);
      search.search("its status", client.status);
      search.search("its error", error);
    }
    assertNothingFound(search);
  });

  it("shows in no error about settings", () => {
    const search = new SecretSearch(SECRETS);
    for (const settings of [
      { url: `amqp://u:${WRONG}@host:not-a-port` },
      { url: `http://u:${encodeURIComponent(WRONG)}@host` },
      { url: [`amqp://u:${encodeURIComponent(WRONG)}@host`, `nonsense:${WRONG}`] },
      { password: { text: WRONG } as unknown as string },
      { pasword: WRONG },
      { tls: { key: 5 as unknown as string, passphrase: WRONG } },
    ] as Settings[]) {
      let error: unknown;
      try {
        void new library.RPCClient({ settings });
      } catch (thrown) {
        error = thrown;
      }
      assert.ok(error instanceof library.SettingsError, JSON.stringify(settings));
      search.search("an error about settings", error);
    }
    assertNothingFound(search);
  });

  it("shows in nothing that the command prints", async () => {
    const folder = await mkdtemp(join(tmpdir(), "bgtasks-secrets-"));
    const tasks = join(folder, "tasks.mjs");
    const library = new URL("../../mod.ts", import.meta.url).href;
    await writeFile(
      tasks,
      `import { rpcTasks } from ${JSON.stringify(library)}; rpcTasks("secrets", () => 1);`,
    );
    const cli = new CLI(["worker", "--tasks", tasks], { AMQP_URL: url(WRONG) });
    const exitCode = await cli.exited();
    await rm(folder, { recursive: true });
    assert.notEqual(exitCode, 0);
    assert.match(cli.output, /ACCESS_REFUSED/);
    const search = new SecretSearch(SECRETS);
    search.search("what the command prints", cli.output);
    assertNothingFound(search);
  });

  it("is in no log record of all this, and in nothing that the library exports", () => {
    const search = new SecretSearch(SECRETS);
    assert.ok(records.some(({ level }) => level === "error"));
    assert.ok(records.some(({ level }) => level === "debug"));
    for (const record of records) search.search("a log record", record);
    for (const [name, value] of Object.entries(library)) search.search(name, value);
    assertNothingFound(search);
  });
});
