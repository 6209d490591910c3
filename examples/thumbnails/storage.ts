/** Where images are kept: a folder here, a bucket elsewhere. */
import { mkdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";

const folder = process.env["THUMBNAILS_FOLDER"] ?? join(tmpdir(), "bgtasks-thumbnails");

/** While it is there the storage takes nothing, as a bucket on a bad day. */
const outage = join(folder, "outage");

/** An image of the storage; undefined when there is none of this name. */
export async function readImage(name: string): Promise<Uint8Array<ArrayBuffer> | undefined> {
  return readFile(pathOf(name)).then(
    (bytes) => new Uint8Array(bytes),
    () => undefined,
  );
}

/** Stores an image. Rejects while the storage is away. */
export async function storeImage(name: string, image: Uint8Array): Promise<void> {
  if (await stat(outage).catch(() => undefined)) throw new Error("the storage is away");
  await mkdir(folder, { recursive: true });
  await writeFile(pathOf(name), image);
}

/** Takes the storage away, and gives it back. */
export async function setOutage(isAway: boolean): Promise<void> {
  if (isAway) await writeFile(outage, "");
  else await rm(outage, { force: true });
}

function pathOf(name: string): string {
  return join(folder, encodeURIComponent(name));
}
