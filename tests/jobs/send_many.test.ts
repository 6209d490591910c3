import assert from "node:assert/strict";
import { describe, it } from "node:test";

import type { NotAllSentError } from "../../src/jobs/send_many.ts";
import { sendMany } from "../../src/jobs/send_many.ts";
import type { JobSendOptions } from "../../src/jobs/send_options.ts";

/** Stores whatever is sent. */
async function store(input: unknown, { id }: JobSendOptions): Promise<{ readonly id: string }> {
  return { id: id ?? `job of ${String(input)}` };
}

describe("sending many jobs", () => {
  it("tells the place of the input that a name was wanted for, and could not be had", async () => {
    let isReturned = false;
    function* inputs(): Generator<number> {
      try {
        for (let n = 0; ; n++) yield n;
      } finally {
        isReturned = true;
      }
    }
    const id = (_: number, index: number): string => {
      if (index === 2) throw new Error("no name");
      return `job-${index}`;
    };
    await assert.rejects(sendMany("mails", inputs(), { id }, store), (error: NotAllSentError) => {
      assert.equal(error.name, "NotAllSentError");
      assert.deepEqual(
        [...error.sent],
        [
          [0, "job-0"],
          [1, "job-1"],
        ],
      );
      assert.deepEqual([...error.failures], [[2, new Error("no name")]]);
      assert.equal(
        error.message,
        'Cannot send all jobs to "mails": 2 are stored, 1 is not; the first failure is at index 2: no name',
      );
      return true;
    });
    assert.ok(isReturned, "the list is told that no more are wanted");
  });

  it("gives a list that throws the place after its last input", async () => {
    async function* inputs(): AsyncGenerator<number> {
      yield 7;
      throw new Error("the file ends");
    }
    await assert.rejects(sendMany("mails", inputs(), {}, store), (error: NotAllSentError) => {
      assert.deepEqual([...error.sent], [[0, "job of 7"]]);
      assert.deepEqual([...error.failures.keys()], [1]);
      return true;
    });
  });
});
