import assert from "node:assert/strict";
import type { ChildProcessByStdio } from "node:child_process";
import { spawn, spawnSync } from "node:child_process";
import type { Readable, Writable } from "node:stream";
import { fileURLToPath } from "node:url";

import type { Bench } from "../support/adapters.ts";
import { brokerURL, refusesTransientQueues } from "../support/broker.ts";

const script = fileURLToPath(new URL("python_peer.py", import.meta.url));

/** The original's workers declare queues that are not durable; where the broker refuses those, they cannot. */
export const durability = refusesTransientQueues ? "durable" : "transient";

/** How long the program may take to end after its input has, in milliseconds. */
const END_TIMEOUT = 10_000;

/** A Python 3 that has pika; undefined when none of the usual ones does. */
export const python: string | undefined = [
  "python3",
  "/usr/bin/python3",
  "/usr/local/bin/python3",
].find((command) => spawnSync(command, ["-c", "import pika"], { stdio: "ignore" }).status === 0);

/** What a Python caller got. */
export interface PythonReply {
  readonly reply: unknown;
  /** AMQP properties by their Python names; those that were not set are null. */
  readonly properties: Readonly<Record<string, unknown>>;
}

/** A Python program on the broker. It ends with its input, so that it never outlives the tests. */
export class PythonProgram {
  readonly #child: ChildProcessByStdio<Writable, Readable, Readable>;
  readonly #lines: string[] = [];
  readonly #exit: Promise<number | null>;
  #text = "";
  #errors = "";
  #ended = false;
  #wake: () => void = () => {};

  constructor(args: readonly string[], url = brokerURL) {
    assert.ok(python && url, "needs python3 with pika, and a broker");
    const [mode = "", ...rest] = args;
    this.#child = spawn(python, [script, mode, url, ...rest], {
      stdio: ["pipe", "pipe", "pipe"],
    });
    this.#child.stdout.setEncoding("utf8").on("data", (text: string) => this.#onText(text));
    this.#child.stderr.setEncoding("utf8").on("data", (text: string) => (this.#errors += text));
    this.#exit = new Promise((resolve, reject) => {
      this.#child.on("error", reject);
      this.#child.on("close", (code) => {
        this.#ended = true;
        this.#wake();
        resolve(code);
      });
    });
  }

  write(line: string): void {
    this.#child.stdin.write(`${line}\n`);
  }

  async readLine(): Promise<Record<string, unknown>> {
    for (;;) {
      const line = this.#lines.shift();
      if (line !== undefined) return JSON.parse(line) as Record<string, unknown>;
      if (this.#ended) throw new Error(`the Python program has ended: ${this.#errors}`);
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }

  async end(): Promise<void> {
    const overdue = setTimeout(() => this.#child.kill("SIGKILL"), END_TIMEOUT);
    this.#child.stdin.end();
    const code = await this.#exit;
    clearTimeout(overdue);
    assert.equal(code, 0, `the Python program failed: ${this.#errors}`);
  }

  #onText(text: string): void {
    const lines = (this.#text + text).split("\n");
    this.#text = lines.pop() ?? "";
    this.#lines.push(...lines);
    this.#wake();
  }
}

/** A Python service that calls others. */
export class PythonClient {
  readonly #program = new PythonProgram(["client"]);

  static start(bench: Bench): PythonClient {
    const client = new PythonClient();
    bench.onDispose(() => client.#program.end());
    return client;
  }

  call(route: string, body: unknown): Promise<PythonReply> {
    return this.callWith(route, JSON.stringify(body));
  }

  /** Calls with what only Python takes for JSON. */
  async callWith(route: string, json: string): Promise<PythonReply> {
    this.#program.write(`{"route": ${JSON.stringify(route)}, "body": ${json}, "timeout": 10}`);
    const answer = await this.#program.readLine();
    assert.ok(!("timeout" in answer), `Python waited in vain for a reply from ${route}`);
    return answer as unknown as PythonReply;
  }
}

/** A Python service that serves routes, each by one of the handlers that the program has. */
export class PythonServer {
  readonly #program: PythonProgram;
  #stopped: Promise<void> | undefined;

  private constructor(routes: Readonly<Record<string, string>>) {
    this.#program = new PythonProgram(["server", JSON.stringify(routes), durability]);
  }

  static async start(
    bench: Bench,
    routes: Readonly<Record<string, string>>,
  ): Promise<PythonServer> {
    const server = new PythonServer(routes);
    bench.onDispose(() => server.stop());
    assert.deepEqual(await server.#program.readLine(), { serving: Object.keys(routes) });
    return server;
  }

  stop(): Promise<void> {
    this.#stopped ??= this.#program.end();
    return this.#stopped;
  }
}
