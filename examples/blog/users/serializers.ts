import { remoteField, serializer } from "bgtasks";
import * as v from "valibot";

import type { avatarsByIds } from "../avatars/tasks.ts";
import type { commentsByPostIds, postsByUserIds } from "../posts/tasks.ts";

// Only the types of the other services are imported; their code runs elsewhere.
const picture = remoteField(v.number(), {
  route: "blog.avatarsByIds" satisfies typeof avatarsByIds.route,
  schema: v.object({ path: v.string() }),
});

/** A comment is one of two kinds, each with a field of its own. */
const CommentSerializer = serializer(
  v.variant("type", [
    v.object({ type: v.literal("text"), text: v.string() }),
    v.object({ type: v.literal("picture"), picture }),
  ]),
);

/** Many comments hold the id of one post. */
const PostSerializer = serializer(
  v.object({
    title: v.string(),
    comments: remoteField(v.number(), {
      route: "blog.commentsByPostIds" satisfies typeof commentsByPostIds.route,
      source: "id",
      mergeKey: "postId",
      many: true,
      serializer: CommentSerializer,
    }),
  }),
);

/** What a user looks like from outside. The posts are not part of what comes in. */
export const UserSerializer = serializer(
  v.object({
    name: v.pipe(v.string(), v.minLength(2, "At least two letters.")),
    avatar: v.nullable(picture),
    posts: remoteField(v.number(), {
      route: "blog.postsByUserIds" satisfies typeof postsByUserIds.route,
      source: "id",
      mergeKey: "userId",
      many: true,
      serializer: PostSerializer,
    }),
  }),
);
