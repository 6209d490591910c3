import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { BgtasksError } from "../../mod.ts";
import { JobUnconfirmedError, QueueFullError } from "../../src/errors.ts";

describe("the errors of sending a job", () => {
  it("JobUnconfirmedError names the job, the time and the reason, also as JSON", () => {
    const error = new JobUnconfirmedError("images.resize", "resize-7", 5_000, "the link dropped");
    assert.ok(error instanceof BgtasksError);
    assert.deepEqual(JSON.parse(JSON.stringify(error)), {
      name: "JobUnconfirmedError",
      code: "job_unconfirmed",
      message:
        'Cannot tell whether the job "resize-7" of "images.resize" is stored, because the broker did not confirm it within 5000 ms: the link dropped',
      route: "images.resize",
      id: "resize-7",
      timeout: 5_000,
      wasSent: true,
    });
    const unsent = new JobUnconfirmedError("images.resize", "resize-7", 5_000, "no link", false);
    assert.equal(unsent.wasSent, false);
    assert.equal(
      unsent.message,
      'Cannot send the job "resize-7" of "images.resize" within 5000 ms, so it is not stored: no link',
    );
  });

  it("QueueFullError names the job", () => {
    const error = new QueueFullError("images.resize", "resize-7");
    assert.ok(error instanceof BgtasksError);
    assert.deepEqual(JSON.parse(JSON.stringify(error)), {
      name: "QueueFullError",
      code: "queue_full",
      message:
        'Cannot store the job "resize-7" of "images.resize", because the broker refused it: its queue is full, or was deleted meanwhile',
      route: "images.resize",
      id: "resize-7",
    });
  });
});
