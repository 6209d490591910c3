import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";

import { brokerURL, deleteQueue, needsBroker } from "../support/broker.ts";
import { runScript } from "../support/run_script.ts";

const main = fileURLToPath(new URL("../../examples/blog/main.ts", import.meta.url));
const [tom, ann, cat] = ["tom", "ann", "cat"].map((name) => ({ path: `/avatars/${name}.jpg` }));
const tashkent = {
  title: "Tashkent",
  comments: [
    { type: "text", text: "Lovely." },
    { type: "picture", picture: cat },
  ],
};
const bukhara = { title: "Bukhara", comments: [] };

function checkShown(stdout: string): void {
  const shown = [...stdout.matchAll(/^= ([a-z ]+) (.*)$/gm)];
  assert.deepEqual(
    Object.fromEntries(shown.map(([, title, json]) => [title, JSON.parse(json ?? "")])),
    {
      everything: [
        { name: "Tom", avatar: tom, posts: [tashkent, bukhara] },
        {
          name: "Ann",
          avatar: ann,
          // Nobody knows this picture.
          posts: [{ title: "Samarkand", comments: [{ type: "picture", picture: null }] }],
        },
        { name: "Bob", avatar: null, posts: [] },
      ],
      "avatars alone": [
        { name: "Tom", avatar: tom },
        { name: "Ann", avatar: ann },
        { name: "Bob", avatar: null },
      ],
      "posts of one": [
        { name: "Tom", avatar: 1, posts: [{ title: "Tashkent" }, { title: "Bukhara" }] },
      ],
      refused: {
        name: ["At least two letters."],
        avatar: ['Invalid pk "9" - object does not exist.'],
      },
      stored: { name: "Eve", avatar: cat, posts: [] },
    },
  );
}

describe("the example of a blog", () => {
  it("relates users, posts, comments and avatars in one process, with a call for each level", async () => {
    const { exitCode, stdout, stderr } = await runScript(main);
    assert.equal(exitCode, 0, stderr);
    checkShown(stdout);
    const [calls = ""] = stdout.split("= everything");
    assert.deepEqual(calls.trim().split("\n").sort(), [
      "blog.avatarsByIds [1,2]",
      "blog.avatarsByIds [3,99]",
      "blog.commentsByPostIds [10,12,11]",
      "blog.postsByUserIds [1,2,3]",
    ]);
  });

  it("does so with the other services in processes of their own", needsBroker, async () => {
    const environment = { AMQP_URL: brokerURL ?? "" };
    try {
      const { exitCode, stdout, stderr } = await runScript(main, { environment });
      assert.equal(exitCode, 0, stderr);
      checkShown(stdout);
    } finally {
      for (const name of ["avatarsByIds", "postsByUserIds", "commentsByPostIds"])
        await deleteQueue(`blog.${name}`);
    }
  });
});
