import assert from "node:assert/strict";
import net from "node:net";
import { after, before, describe, it } from "node:test";

import { brokerURL, needsBroker, withChannel } from "../support/broker.ts";
import { Bench } from "../support/adapters.ts";
import { runCLI } from "./run_cli.ts";
import { TaskFolder } from "./task_folder.ts";

describe("bgtasks call", () => {
  let folder: TaskFolder;
  let tasks = "";
  const local = { ENVIRONMENT: "test" };

  before(async () => {
    folder = await TaskFolder.create();
    tasks = await folder.write(
      "tasks.mjs",
      `rpcTasks("echo", (input, { headers }) => ({ input, headers }));
       rpcTasks("refuse", () => RPCResponse({ errors: { name: ["Taken."] } }));
       rpcTasks("checked", { input: v.object({ id: v.number() }) }, (input) => input);
       rpcTasks("locked", () => {
         throw new TaskError("account_locked", "It is \\u001b[31mlocked.", { id: 1 });
       });
       rpcTasks("slow", () => new Promise((resolve) => setTimeout(resolve, 60_000)));
       // Would keep the process: as a database's pool does.
       setInterval(() => {}, 1_000);`,
    );
  });
  after(() => folder[Symbol.asyncDispose]());

  const callHere = (args: readonly string[], input = "", environment = {}) =>
    runCLI(["call", ...args, "--tasks", tasks], {
      environment: { ...local, ...environment },
      input,
    });

  it("prints the reply on standard output and the time on standard error", async () => {
    const { exitCode, stdout, stderr } = await callHere(["echo", '{"a":[1,"x"]}']);
    assert.deepEqual(JSON.parse(stdout), { input: { a: [1, "x"] }, headers: {} });
    assert.match(stdout, /^\{\n {2}"input": \{/);
    assert.match(stderr, /^\d+(\.\d)? ms\n$/);
    assert.equal(exitCode, 0);
  });

  it("sends null without an input, and headers", async () => {
    const { stdout } = await callHere(["echo", "-H", "a=1", "--header", "b=x=y"]);
    assert.deepEqual(JSON.parse(stdout), { input: null, headers: { a: "1", b: "x=y" } });
  });

  it("reads standard input, with a byte order mark and line breaks too", async () => {
    const { stdout, exitCode } = await callHere(["echo", "-"], '\ufeff{\n  "é": 1\n}\n');
    assert.deepEqual(JSON.parse(stdout), { input: { é: 1 }, headers: {} });
    assert.equal(exitCode, 0);
  });

  it("colours a reply when asked to, and not in a pipe", async () => {
    const [coloured, plain] = await Promise.all([
      callHere(["echo", "1"], "", { FORCE_COLOR: "1", NO_COLOR: "" }),
      callHere(["echo", "1"], "", { FORCE_COLOR: "" }),
    ]);
    assert.ok(coloured.stdout.includes('\u001b[36m"input"\u001b[0m: \u001b[33m1'), coloured.stdout);
    assert.ok(!plain.stdout.includes("\u001b"));
  });

  it("prints one line of JSON with --json", async () => {
    const [replied, failed] = await Promise.all([
      callHere(["echo", "1", "--json"]),
      callHere(["checked", '{"id":"x"}', "--json"]),
    ]);
    const { milliseconds, ...rest } = JSON.parse(replied.stdout) as Record<string, unknown>;
    assert.deepEqual(rest, { route: "echo", ok: true, reply: { input: 1, headers: {} } });
    assert.equal(typeof milliseconds, "number");
    assert.equal(replied.stderr, "");
    const { ok, error } = JSON.parse(failed.stdout) as {
      ok: boolean;
      error: Record<string, unknown>;
    };
    assert.equal(ok, false);
    assert.equal(error["code"], "invalid_input");
    assert.deepEqual(Object.keys(error["errors"] as object), ["id"]);
    assert.equal(failed.exitCode, 1);
  });

  it("points at the place where the argument is no JSON", async () => {
    const { exitCode, stderr } = await callHere(["echo", '{"a": 1, b: 2}']);
    assert.equal(exitCode, 2);
    assert.match(stderr, /the input as JSON: a name in double quotes .*\(line 1, column 10\)/);
    assert.ok(stderr.includes('\n  {"a": 1, b: 2}\n           ^\n'), stderr);
  });

  it("points at the line of standard input that is no JSON", async () => {
    const { exitCode, stderr } = await callHere(["echo", "-"], '{\n\t"a": tru,\n"b": 1}');
    assert.equal(exitCode, 2);
    assert.match(stderr, /standard input as JSON: .*\(line 2, column 7\)\n {3}"a": tru,\n {8}\^/);
  });

  it("shows the part of a long line around the fault", async () => {
    const { stderr } = await callHere(["echo", `[${"1,".repeat(500)}x${",1".repeat(500)}]`]);
    const [, line = "", caret = ""] = stderr.split("\n");
    assert.ok(line.length < 100, line);
    assert.equal(line.charAt(caret.indexOf("^")), "x");
  });

  it("says how text is quoted, and that standard input is empty or no UTF-8", async () => {
    const [word, empty, binary] = await Promise.all([
      callHere(["echo", "hello"]),
      callHere(["echo", "-"], " \n"),
      runCLI(["call", "echo", "-"], { input: Uint8Array.from([0x22, 0xff, 0x22]) }),
    ]);
    assert.ok(word.stderr.includes(`'"hello"'`), word.stderr);
    assert.match(empty.stderr, /standard input as JSON: it is empty/);
    assert.match(binary.stderr, /3 bytes that are not UTF-8/);
    assert.deepEqual([word.exitCode, empty.exitCode, binary.exitCode], [2, 2, 2]);
  });

  it("says how JSON is quoted that the shell took apart", async () => {
    const [list, quoted] = await Promise.all([
      callHere(["echo", "[1,", "2]"]),
      callHere(["echo", "{name:", "'Tom'}"]),
    ]);
    assert.match(list.stderr, /the shell made 2 arguments of it\n {2}Put quotes.*echo '\[1, 2\]'/);
    assert.match(quoted.stderr, /Put it into a file, and read that: bgtasks call echo - </);
    assert.deepEqual([list.exitCode, quoted.exitCode], [2, 2]);
  });

  it("names the nearest route when no task here has it", async () => {
    const { exitCode, stderr } = await callHere(["echos", "1"]);
    assert.match(stderr, /no task of this name is registered.*did you mean echo\?/);
    assert.equal(exitCode, 4);
  });

  for (const args of [
    ["--timeout", "soon"],
    ["--timeout", "0"],
    ["--header", "=x"],
    ["--header", "x"],
  ]) {
    it(`refuses ${args.join(" ")}`, async () => {
      const { exitCode, stderr } = await callHere(["echo", "1", ...args]);
      assert.equal(exitCode, 2);
      assert.match(stderr, /^error: .*It must be/);
    });
  }

  it("prints a fail envelope, and exits with 1", async () => {
    const { exitCode, stdout, stderr } = await callHere(["refuse"]);
    assert.deepEqual(JSON.parse(stdout), { status: "fail", data: { name: ["Taken."] } });
    assert.match(stderr, /status "fail"/);
    assert.equal(exitCode, 1);
  });

  it("lists validation errors by field", async () => {
    const { exitCode, stdout, stderr } = await callHere(["checked", '{"id":"x"}']);
    assert.match(stderr, /the input of "checked":\n {2}- id: .*number/);
    assert.equal(stdout, "");
    assert.equal(exitCode, 1);
  });

  it("tells a handler's error with its code and data, and obeys none of its control characters", async () => {
    const { exitCode, stderr } = await callHere(["locked"]);
    assert.match(
      stderr,
      /It is \\u001b\[31mlocked\.\n {2}code {2}account_locked\n {2}data {2}\{"id":1\}/,
    );
    assert.equal(exitCode, 1);
  });

  it("says when no task here has the route", async () => {
    const { exitCode, stderr } = await callHere(["nobody"]);
    assert.match(stderr, /Cannot call "nobody"[^]*bgtasks routes/);
    assert.equal(exitCode, 4);
  });

  it("gives up at the timeout, and tells how many consumers there are", async () => {
    const { exitCode, stderr } = await callHere(["slow", "--timeout", "100ms"]);
    assert.match(stderr, /longer than 100 ms for "slow"[^]*1 consumer[^]*--timeout/);
    assert.equal(exitCode, 5);
  });

  it("says at once that there is no broker, what was tried and what to do", async () => {
    const { exitCode, stderr } = await runCLI([
      "call",
      "echo",
      "--url",
      "amqp://tom:hunter2@127.0.0.1:1/v",
    ]);
    assert.match(stderr, /Cannot reach the broker at 127\.0\.0\.1:1: /);
    assert.match(stderr, /tried {2}127\.0\.0\.1:1, virtual host "v", user "tom"/);
    assert.match(stderr, /to do {2}Start a broker/);
    assert.doesNotMatch(stderr, /hunter2|gave up/);
    assert.equal(exitCode, 3);
  });

  it("takes a timeout without a connection for what it is", async () => {
    // Accepts connections and says nothing, as behind some firewalls.
    const server = net.createServer((socket) => socket.on("error", () => {}));
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as net.AddressInfo;
    const url = `amqp://127.0.0.1:${port}`;
    const { exitCode, stderr } = await runCLI(["call", "echo", "--url", url, "-T", "200ms"]);
    server.close();
    assert.match(stderr, /longer than 200 ms for "echo": there was no connection[^]*tried {2}127/);
    assert.equal(exitCode, 3);
  });

  it("says when the broker refuses the password, without telling it", needsBroker, async () => {
    const url = new URL(brokerURL ?? "");
    url.password = "hunter2";
    const { exitCode, stderr } = await runCLI(["call", "echo", "--url", url.href]);
    assert.match(stderr, /as it refused us: ACCESS_REFUSED[^]*to do {2}Check the user name/);
    assert.doesNotMatch(stderr, /hunter2/);
    assert.equal(exitCode, 3);
  });

  it("tells 0 consumers of a queue that nobody serves", needsBroker, async () => {
    const route = `cli.${crypto.randomUUID()}`;
    await withChannel((channel) => channel.queueDeclare(route));
    try {
      const args = ["call", route, "--timeout", "3s", "--json", "--url", brokerURL ?? ""];
      const { exitCode, stdout } = await runCLI(args);
      const { error } = JSON.parse(stdout) as { error: Record<string, unknown> };
      assert.deepEqual([error["code"], error["consumers"], exitCode], ["timeout", 0, 5]);
    } finally {
      await withChannel((channel) => channel.queueDelete(route));
    }
  });

  it("calls another process over the broker", needsBroker, async () => {
    await using bench = new Bench({ url: brokerURL, environment: "" }, true);
    const route = bench.route();
    bench.registry(route, (n: number) => n * 2);
    await bench.worker();
    const { stdout, exitCode } = await runCLI(["call", route, "21", "--url", brokerURL ?? ""]);
    assert.deepEqual([stdout, exitCode], ["42\n", 0]);
  });
});
