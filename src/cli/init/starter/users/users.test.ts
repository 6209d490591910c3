// With the environment "test" every call stays in this process: no broker is needed.
import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { configure, idle, JobClient, jobTasks, rpcTasks } from "bgtasks";

import { imagesByIds, resizeImage } from "../images/tasks.ts";
import { users, UserSerializer } from "./users.ts";

configure({ environment: "test" });

describe("users", () => {
  it("come with their images", async () => {
    const [tom, , ann] = await UserSerializer.serialize(users);
    assert.deepEqual(tom, { id: 1, username: "Tom", image: { id: 1, path: "/images/tom.jpg" } });
    assert.deepEqual(ann, { id: 3, username: "Ann", image: null });
  });

  it("come without images that the images service does not know", async () => {
    const override = rpcTasks.override(imagesByIds, () => []);
    const [tom] = await UserSerializer.serialize(users);
    override[Symbol.dispose]();
    assert.equal(tom?.image, null);
  });

  it("have their images resized in the background", async () => {
    const done: unknown[] = [];
    const override = jobTasks.override(resizeImage, (job) => void done.push(job));
    const jobs = new JobClient();
    await jobs.send(resizeImage, { id: 1, width: 200 });
    await idle(); // no job waits or runs
    await jobs.close();
    override[Symbol.dispose]();
    assert.deepEqual(done, [{ id: 1, width: 200 }]);
  });
});
