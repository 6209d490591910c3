/** The web API: takes images, sends a job for each, shows thumbnails and those that could not be made. */
import type { JobClient, TasksOf } from "bgtasks";
import { Hono } from "hono";

import { readImage, storeImage } from "../storage.ts";

const ROUTE = "thumbnails.make";

/** The API. Its connection is opened by the first upload; whoever closes `jobs` waits for those that are under way. */
export function buildApp(jobs: JobClient<TasksOf<typeof import("../thumbnails/tasks.ts")>>): Hono {
  const app = new Hono();
  const failed = jobs.deadLetters(ROUTE);

  app.put("/images/:name", async (c) => {
    const image = c.req.param("name");
    await storeImage(image, new Uint8Array(await c.req.arrayBuffer()));
    // From here on the thumbnail is made, or its job is among the failed ones.
    const { id } = await jobs.send(ROUTE, { image, width: 100 }, { id: `thumbnail-${image}` });
    return c.json({ job: id }, 202);
  });

  app.get("/images/:name/thumbnail", async (c) => {
    const thumbnail = await readImage(`${c.req.param("name")}.webp`);
    if (!thumbnail) return c.json({ detail: "Not made yet." }, 404);
    return c.body(thumbnail, 200, { "content-type": "image/webp" });
  });

  app.get("/failed", async (c) =>
    c.json(
      (await failed.list()).map(({ id, reason, attempts, error }) => {
        return { id, reason, attempts, error: error?.message };
      }),
    ),
  );

  app.post("/failed/retry", async (c) => c.json(await failed.retry()));

  app.delete("/failed", async (c) => c.json(await failed.discard()));

  return app;
}
