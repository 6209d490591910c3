import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { after, before, describe, it } from "node:test";

import { runCommand } from "../../../scripts/run_command.ts";
import { callExamples } from "../../../src/cli/docs/call_examples.ts";
import type { DescribedTask } from "../../../src/cli/docs/described_task.ts";
import { snippetFolder } from "../../docs/markdown_snippets.ts";
import { python } from "../../foreign/python_peer.ts";
import { Bench } from "../../support/adapters.ts";
import { brokerURL, deleteQueue, needsBroker } from "../../support/broker.ts";
import { cliCommand, runScript } from "../../support/run_script.ts";

const { bun, deno } = process.versions;
const onNodeAlone = { skip: deno || bun ? "is the same in every runtime" : needsBroker.skip };

describe("callExamples()", onNodeAlone, () => {
  const folder = snippetFolder();
  // A shell, a program and a text each take other parts of it for their own.
  const route = `-"it's" \`odd\` $(echo) \\ ${crypto.randomUUID()}`;
  const sample = {
    text: 'it\'s "odd" $HOME \\ größe 🐇',
    list: [1, null, true],
    deep: { a: false },
  };
  const task: DescribedTask = {
    route,
    file: "tasks.ts",
    input: undefined,
    output: undefined,
    options: {},
    sample,
  };
  const environment = { AMQP_URL: brokerURL ?? "", NO_COLOR: "1" };
  const received: unknown[] = [];
  let bench: Bench;

  before(async () => {
    bench = new Bench({ url: brokerURL, environment: "" }, true);
    bench.registry(route, (input: unknown) => {
      received.push(input);
      return { answered: true };
    });
    await bench.worker();
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, "tasks.ts"), "export {};\n");
  });
  after(async () => {
    await bench[Symbol.asyncDispose]();
    await deleteQueue(route);
    await rm(folder, { recursive: true });
  });

  function example(name: string): string {
    return callExamples(task).find((one) => one.name === name)?.code ?? "";
  }

  it("are TypeScript that calls", async () => {
    const file = join(folder, "example.ts");
    await writeFile(file, example("TypeScript"));
    const { stdout, stderr } = await runScript(file, { environment });
    assert.match(stdout, /answered: true/, stderr);
    assert.deepEqual(received.pop(), sample);
  });

  it("are a command that calls, in any POSIX shell", async () => {
    const [program, args] = cliCommand();
    const script = `bgtasks() { ${[program, ...args].join(" ")} "$@"; }\n${example("Command line")}`;
    const env = { ...process.env, ...environment };
    const { output, stdout } = await runCommand("sh", ["-c", script], { env });
    assert.match(stdout, /"answered": true/, output);
    assert.deepEqual(received.pop(), sample);
  });

  const noPika = python ? false : "needs python3 with pika";
  it("are Python that calls", { skip: noPika }, async () => {
    const file = join(folder, "example.py");
    await writeFile(file, example("Python"));
    const env = { ...process.env, ...environment };
    const { output } = await runCommand(python ?? "", [file], { env, timeout: 20_000 });
    assert.match(output, /'answered': True/);
    assert.deepEqual(received.pop(), sample);
  });

  it("stay valid Python for every odd text", { skip: noPika }, () => {
    const code = callExamples({ ...task, route: 'zeile\nzwei\ttab\u0000"', sample: undefined }).at(
      -1,
    );
    const args = ["-c", "import ast, sys; ast.parse(sys.stdin.read())"];
    const { status, stderr } = spawnSync(python ?? "", args, { input: code?.code });
    assert.equal(status, 0, String(stderr));
  });
});
