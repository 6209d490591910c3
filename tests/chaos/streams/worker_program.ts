// A worker of streams as a program of its own, so that it can be killed: `worker_program.ts URL PREFIX CONCURRENCY`.
import { TaskRegistry, Worker } from "../../../mod.ts";
import { registerStreams } from "./stream_tasks.ts";

const [url = "", prefix = "", concurrency = "1"] = process.argv.slice(2);
const registry = new TaskRegistry();
registerStreams(registry, prefix);
const settings = { url, environment: "", reconnect: { initial: 20, max: 300 } };
const worker = new Worker({ registry, concurrency: Number(concurrency), settings });
await worker.start();
console.log("ready");
