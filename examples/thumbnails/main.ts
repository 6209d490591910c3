/**
 * `npm run example -- thumbnails`
 *
 * Images are uploaded to a web API, and a job makes a thumbnail of each. The storage goes away meanwhile: a job fails three times, is
 * among the dead letters, and is sent again when the storage is back. Without a broker all of it runs in this process; with AMQP_URL
 * set the thumbnails service is a worker of its own.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";

import { configure, JobClient } from "bgtasks";
import sharp from "sharp";

import { startWorker } from "../start_worker.ts";

// Before the modules that read it.
const folder = await mkdtemp(join(tmpdir(), "bgtasks-thumbnails-"));
process.env["THUMBNAILS_FOLDER"] = folder;
const { setOutage, storeImage } = await import("./storage.ts");
const { buildApp } = await import("./web/app.ts");

const tasks = new URL("./thumbnails/tasks.ts", import.meta.url);
const overBroker = Boolean(process.env["AMQP_URL"]);
if (!overBroker) {
  configure({ environment: "test" });
  await import(tasks.href);
}
const worker = overBroker ? await startWorker(tasks) : undefined;
const jobs = new JobClient();
const app = buildApp(jobs);

const background = { r: 20, g: 90, b: 160 };
const photo = await sharp({ create: { width: 640, height: 480, channels: 3, background } })
  .png()
  .toBuffer();

await upload("river.png", new Uint8Array(photo));
await show("/images/river.png/thumbnail", isThere);

await storeImage("boat.png", photo);
await setOutage(true);
await jobs.send("thumbnails.make", { image: "boat.png", width: 100 }, { id: "thumbnail-boat.png" });
await show("/failed", isNotEmpty);
await setOutage(false);
await post("/failed/retry");
await show("/images/boat.png/thumbnail", isThere);

await upload("notes.txt", new TextEncoder().encode("not an image"));
await show("/failed", isNotEmpty);
await app.request("/failed", { method: "DELETE" });

await jobs.close();
await worker?.stop();
await rm(folder, { recursive: true });

async function upload(name: string, body: Uint8Array<ArrayBuffer>): Promise<void> {
  const response = await app.request(`/images/${name}`, { method: "PUT", body });
  console.log(`PUT /images/${name}\n  ${response.status} ${await response.text()}`);
}

async function post(path: string): Promise<void> {
  const response = await app.request(path, { method: "POST" });
  console.log(`POST ${path}\n  ${response.status} ${await response.text()}`);
}

/** Asks until the answer is what jobs make of it in the end, and prints it. */
async function show(path: string, isDone: (response: Response) => Promise<boolean>): Promise<void> {
  for (;;) {
    const response = await app.request(path);
    if (await isDone(response.clone())) {
      const bytes = await response.arrayBuffer();
      const isImage = response.headers.get("content-type") === "image/webp";
      const { format, width, height } = isImage ? await sharp(bytes).metadata() : {};
      const text = isImage ? JSON.stringify({ format, width, height }) : decode(bytes);
      return console.log(`GET ${path}\n  ${response.status} ${text}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

function isThere({ ok }: Response): Promise<boolean> {
  return Promise.resolve(ok);
}

async function isNotEmpty(response: Response): Promise<boolean> {
  return ((await response.json()) as unknown[]).length > 0;
}

function decode(bytes: ArrayBuffer): string {
  return new TextDecoder().decode(bytes);
}
