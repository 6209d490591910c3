import assert from "node:assert/strict";
import { describe, it } from "node:test";

import * as v from "valibot";

import { takeJobOptions } from "../../src/jobs/job_options.ts";

describe("the options of a job", () => {
  it("have an end of each attempt and ten attempts by default", () => {
    assert.deepEqual(takeJobOptions("images.resize", {}), {
      retry: { attempts: 10, delay: 1_000, factor: 2, max: 3_600_000, jitter: 0.25 },
      timeout: 900_000,
      stack: true,
    });
  });

  it("are taken as given", () => {
    const input = v.number();
    const retry = (): false => false;
    const description = "resizes";
    const options = {
      description,
      input,
      retry,
      timeout: 5,
      concurrency: 2,
      exchange: "default",
      stack: false,
    };
    assert.deepEqual(takeJobOptions("images.resize", options), options);
  });

  for (const [options, told] of [
    [{ timeout: 0 }, "timeout must be a number of milliseconds above 0, at most 2147483647"],
    [{ timeout: Infinity }, "timeout must be a number of milliseconds above 0, at most 2147483647"],
    [{ concurrency: 0 }, "concurrency must be a whole number from 1 to 65535"],
    [{ retry: { attempts: 0 } }, "retry.attempts must be a whole number from 1 to 65535"],
    [{ retry: 5 }, "retry must be an object or a function of (attempt, error): number"],
    [{ exchange: "" }, "exchange must be the name of an exchange, 1 to 255 bytes"],
    [{ exchange: "ä".repeat(128) }, "exchange must be the name of an exchange, 1 to 255 bytes"],
    [{ stack: "yes" }, "stack must be true or false"],
    [{ input: {} }, "input must be a schema (Standard Schema)"],
    [{ timeouts: 5 }, "timeouts is not an option; did you mean timeout?"],
    [{ output: v.number() }, "output is not an option"],
    [null, "its options must be an object: null"],
    [
      { timeout: -1, concurrency: 1.5 },
      "timeout must be a number of milliseconds above 0, at most 2147483647; concurrency must be a whole number from 1 to 65535",
    ],
  ] as const) {
    it(`refuse ${JSON.stringify(options)}`, () => {
      assert.throws(() => takeJobOptions("images.resize", options), {
        code: "invalid_task",
        message: `Cannot register the job "images.resize": ${told}`,
      });
    });
  }
});
