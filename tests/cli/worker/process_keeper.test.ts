import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it, mock } from "node:test";

import { ProcessKeeper } from "../../../src/cli/worker/process_keeper.ts";
import type { ProcessKeeperOptions } from "../../../src/cli/worker/process_keeper.ts";
import type { ProcessEnd } from "../../../src/cli/worker/worker_process.ts";
import { deferred } from "../../support/wait_for.ts";

type Started = ReturnType<ProcessKeeperOptions["start"]>;

/** A process that ends when a test says so, or when it is asked to drain. */
class FakeProcess implements Started {
  readonly ended: Promise<ProcessEnd>;
  readonly end: (end: Partial<ProcessEnd>) => void;
  #wasReady = false;
  readonly #report: Parameters<ProcessKeeperOptions["start"]>[1];

  constructor(report: Parameters<ProcessKeeperOptions["start"]>[1]) {
    const { promise, resolve } = deferred<ProcessEnd>();
    this.#report = report;
    this.ended = promise;
    this.end = (end) => {
      const usual = { how: "exit code 1", code: 1, wasAsked: false, uptime: 1 };
      resolve({ ...usual, wasReady: this.#wasReady, ...end });
    };
  }

  ready(): void {
    this.#wasReady = true;
    this.#report({ state: "ready" });
  }

  drain(): void {
    this.end({ how: "exit code 0", code: 0, wasAsked: true });
  }

  kill(): void {
    this.end({ how: "SIGKILL", code: null });
  }
}

class Bench {
  readonly started: FakeProcess[] = [];
  readonly printed: string[] = [];
  readonly supervisor: ProcessKeeper;

  constructor(options: Partial<ProcessKeeperOptions> = {}) {
    this.supervisor = new ProcessKeeper({
      processes: 1,
      watch: false,
      drainTimeout: 1_000,
      start: (_number, onReport) => {
        const fake = new FakeProcess(onReport);
        this.started.push(fake);
        return fake;
      },
      onReport: () => {},
      print: (text) => void this.printed.push(text),
      ...options,
    });
  }

  /** The process that was started as the so-manieth. */
  process(count: number): Promise<FakeProcess> {
    return until(() => this.started[count - 1], `process ${count}`);
  }

  /** The so-manieth line. */
  line(count: number): Promise<string> {
    return until(() => this.printed[count - 1], `line ${count}`);
  }
}

/** Waits on turns of the event loop, as the timers are not real. */
async function until<T>(find: () => T | undefined, what: string): Promise<T> {
  for (let turn = 0; turn < 1_000; turn++) {
    const found = find();
    if (found !== undefined) return found;
    await new Promise((resolve) => setImmediate(resolve));
  }
  throw new Error(`did not happen: ${what}`);
}

describe("ProcessKeeper", () => {
  beforeEach(() => mock.timers.enable({ apis: ["setTimeout"] }));
  afterEach(() => mock.timers.reset());

  it("waits longer after each fall in a row, and as at first after a long time", async () => {
    const bench = new Bench();
    const running = bench.supervisor.run();
    (await bench.process(1)).ready();
    for (const [index, delay] of [500, 1_000, 2_000].entries()) {
      (await bench.process(index + 1)).end({});
      assert.match(await bench.line(index + 1), new RegExp(`again in ${delay / 1_000} s$`));
      mock.timers.tick(delay - 1);
      await new Promise((resolve) => setImmediate(resolve));
      assert.equal(bench.started.length, index + 1);
      mock.timers.tick(1);
    }
    (await bench.process(4)).end({ uptime: 3_600_000 });
    const line = "process 1 ended with exit code 1: starting it again in 0.5 s";
    assert.equal(await bench.line(4), line);
    bench.supervisor.stop();
    assert.equal(await running, 0);
  });

  it("gives up when one cannot begin to serve, and drains the others", async () => {
    const bench = new Bench({ processes: 3 });
    const running = bench.supervisor.run();
    (await bench.process(3)).end({});
    assert.equal(await running, 1);
    assert.equal(bench.started.length, 3);
  });

  it("waits for a change when it watches", async () => {
    const bench = new Bench({ watch: true });
    const running = bench.supervisor.run();
    (await bench.process(1)).end({});
    assert.equal(await bench.line(1), "Waiting for a change.");
    mock.timers.tick(3_600_000);
    assert.equal(bench.started.length, 1);
    bench.supervisor.reload();
    (await bench.process(2)).ready();
    // Also one that has served before.
    bench.supervisor.reload();
    (await bench.process(3)).end({});
    assert.equal(await bench.line(2), "Waiting for a change.");
    bench.supervisor.stop();
    assert.equal(await running, 0);
  });

  it("starts those again that a change has drained, at once", async () => {
    const bench = new Bench({ watch: true, processes: 2 });
    const running = bench.supervisor.run();
    for (const number of [1, 2]) (await bench.process(number)).ready();
    bench.supervisor.reload();
    await bench.process(4);
    bench.supervisor.stop();
    assert.equal(await running, 0);
    assert.deepEqual(bench.printed, []);
  });

  it("starts one at once that waits after a fall, when there is a change", async () => {
    const bench = new Bench({ watch: true });
    const running = bench.supervisor.run();
    (await bench.process(1)).ready();
    (await bench.process(1)).end({});
    await bench.line(1);
    bench.supervisor.reload();
    await bench.process(2);
    bench.supervisor.stop();
    assert.equal(await running, 0);
  });

  it("tells by its exit code that one did not end in order", async () => {
    const bench = new Bench({ processes: 2 });
    const running = bench.supervisor.run();
    const [first, second] = [await bench.process(1), await bench.process(2)];
    first.ready();
    second.ready();
    first.drain = () => first.kill();
    bench.supervisor.stop();
    assert.equal(await running, 1);
    assert.deepEqual(bench.printed, ["process 1 ended with SIGKILL"]);
  });
});
