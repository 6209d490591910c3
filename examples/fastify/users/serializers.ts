import { remoteField, serializer } from "bgtasks";
import * as v from "valibot";

import type { avatarsByIds } from "../images/tasks.ts";

const avatar = v.nullable(
  remoteField(v.pipe(v.number(), v.integer()), {
    route: "avatars.byIds" satisfies typeof avatarsByIds.route,
    timeout: 2_000,
  }),
);

/** What a user looks like from outside. */
export const UserSerializer = serializer(v.object({ id: v.number(), name: v.string(), avatar }));

/** What it takes to make one. */
export const NewUserSerializer = serializer(
  v.object({ name: v.pipe(v.string(), v.minLength(2, "At least two letters.")), avatar }),
);
