import { JobClient, JobRegistry, Worker } from "../../../mod.ts";
import type { JobRow } from "./job_row.ts";

/** This library, with its defaults. */
export const bgtasks: JobRow = {
  openSender({ url, route }) {
    const client = new JobClient({ settings: { url } });
    return Promise.resolve({
      send: (input) => client.send(route, input),
      close: () => client.close(),
    });
  },

  async openWorker({ url, route }, concurrency, handle) {
    const jobs = new JobRegistry();
    jobs(route, (input: unknown) => handle(input));
    const worker = new Worker({ jobs, concurrency, settings: { url } });
    await worker.start();
    return { close: () => worker.stop() };
  },
};
