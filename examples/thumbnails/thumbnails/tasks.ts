/** The thumbnails service: it has one job, which may fail and is then done again. */
import { type JobTask, jobTasks } from "bgtasks";
import sharp from "sharp";
import * as v from "valibot";

import { readImage, storeImage } from "../storage.ts";

export interface ThumbnailJob {
  readonly image: string;
  readonly width: number;
}

export const makeThumbnail: JobTask<"thumbnails.make", ThumbnailJob> = jobTasks(
  "thumbnails.make",
  {
    input: v.object({ image: v.string(), width: v.pipe(v.number(), v.integer(), v.minValue(1)) }),
    // Half a second in all, so that nobody waits for the example; hours are usual.
    retry: { attempts: 3, delay: 100 },
    timeout: 30_000,
    concurrency: 2,
  },
  async ({ image, width }, ctx) => {
    const original = await readImage(image);
    if (!original) return ctx.giveUp(`there is no image ${image}`);
    const pipeline = sharp(original).resize({ width });
    // Another attempt would not make an image of it.
    const thumbnail = await pipeline
      .webp()
      .toBuffer()
      .catch(() => undefined);
    if (!thumbnail) return ctx.giveUp(`${image} is not an image`);
    // The same name and the same bytes: a job that runs twice does no harm.
    await storeImage(`${image}.webp`, thumbnail);
  },
);
