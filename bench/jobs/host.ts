// A process of the benchmark of jobs: sends them or does them.
import { deepStrictEqual } from "node:assert/strict";

import { answerCommands } from "../host/answer_commands.ts";
import { cpuTime } from "../host/cpu_time.ts";
import { findPayload } from "../payloads.ts";
import type { Closeable } from "../rows/row.ts";
import { HandledJobs, now } from "./handled_jobs.ts";
import type { JobCommand, JobDrive } from "./protocol.ts";
import type { JobRow, JobSender, JobTarget } from "./rows/job_row.ts";
import { findJobRow } from "./rows/job_rows.ts";

const { value } = findPayload("50B");
let handled = new HandledJobs(0);
let opened: { readonly row: JobRow; readonly target: JobTarget } | undefined;
let sender: JobSender | undefined;
let worker: Closeable | undefined;

await answerCommands(async (command: JobCommand) => {
  switch (command.do) {
    case "open":
      opened = { row: await findJobRow(command.row).load(), target: command.target };
      return undefined;
    case "send":
      return send(command.jobs, command.unconfirmed);
    case "work": {
      const { row, target } = ready();
      let isFirst = true;
      handled = new HandledJobs(command.jobs);
      worker = await row.openWorker(target, command.concurrency, (input) => {
        if (isFirst) deepStrictEqual(input, value);
        isFirst = false;
        handled.add();
      });
      return undefined;
    }
    case "handled":
      return handled.all;
    case "rest":
      await worker?.close();
      worker = undefined;
      return handled.count;
    case "close":
      await sender?.close();
      await worker?.close();
      return undefined;
  }
});

async function send(jobs: number, unconfirmed: number): Promise<JobDrive> {
  const { row, target } = ready();
  const open = (sender ??= await row.openSender(target));
  let left = jobs;
  const one = async (): Promise<void> => {
    while (left-- > 0) await open.send(value);
  };
  const [cpu, startedAt] = [cpuTime(), now()];
  await Promise.all(Array.from({ length: unconfirmed }, one));
  return { jobs, startedAt, endedAt: now(), cpu: cpuTime() - cpu };
}

function ready(): NonNullable<typeof opened> {
  if (!opened) throw new Error("Cannot measure before a row is opened");
  return opened;
}
