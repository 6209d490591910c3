// The users service has rows that hold the id of an image, which the images service owns.
import { remoteField, serializer } from "bgtasks";
import * as v from "valibot";

// Types alone: none of that service's code is loaded here.
import type { imagesByIds } from "../images/tasks.ts";

export const users = [
  { id: 1, username: "Tom", image: 1 },
  { id: 2, username: "Bob", image: 2 },
  { id: 3, username: "Ann", image: null },
];

// Puts the image in the place of its id, with one call for a whole list.
export const UserSerializer = serializer(
  v.object({
    id: v.number(),
    username: v.string(),
    image: v.nullable(
      remoteField(v.number(), {
        route: "images.byIds" satisfies typeof imagesByIds.route,
        schema: v.object({ id: v.number(), path: v.string() }),
      }),
    ),
  }),
);
