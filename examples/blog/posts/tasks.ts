/** The posts service: it owns posts and their comments, and gives out those of the ids it is asked for. */
import { type RPCTask, rpcTasks } from "bgtasks";
import { inArray } from "drizzle-orm";
import * as v from "valibot";

import { comments, database, posts } from "./database.ts";

export interface Post {
  readonly id: number;
  readonly userId: number;
  readonly title: string;
}

export interface Comment {
  readonly id: number;
  readonly postId: number;
  readonly type: "text" | "picture";
  readonly text: string | null;
  readonly picture: number | null;
}

export const postsByUserIds: RPCTask<"blog.postsByUserIds", number[], Post[]> = rpcTasks(
  "blog.postsByUserIds",
  { input: v.array(v.number()) },
  async (ids) => {
    console.log(`blog.postsByUserIds ${JSON.stringify(ids)}`);
    return database.select().from(posts).where(inArray(posts.userId, ids)).orderBy(posts.id);
  },
);

export const commentsByPostIds: RPCTask<"blog.commentsByPostIds", number[], Comment[]> = rpcTasks(
  "blog.commentsByPostIds",
  { input: v.array(v.number()) },
  async (ids) => {
    console.log(`blog.commentsByPostIds ${JSON.stringify(ids)}`);
    return database
      .select()
      .from(comments)
      .where(inArray(comments.postId, ids))
      .orderBy(comments.id);
  },
);
