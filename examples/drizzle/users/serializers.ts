import { remoteField, serializer } from "bgtasks";
import * as v from "valibot";

import type { imagesByIds } from "../images/tasks.ts";

const image = v.nullable(
  remoteField(v.pipe(v.number(), v.integer()), {
    route: "gallery.byIds" satisfies typeof imagesByIds.route,
  }),
);

/** What a user looks like from outside. */
export const UserSerializer = serializer(v.object({ id: v.number(), username: v.string(), image }));

/** What it takes to make one. */
export const NewUserSerializer = serializer(
  v.object({ username: v.pipe(v.string(), v.minLength(2, "At least two letters.")), image }),
);
