// With the environment "test" every call stays in this process: no broker is needed.
import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { configure, rpcTasks } from "bgtasks";

import { imagesByIds } from "../images/tasks.ts";
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
});
