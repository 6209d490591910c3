/** The users service, in TypeScript. */
import { remoteField, RPCResponse, rpcTasks, serializer } from "bgtasks";
import * as v from "valibot";

const names = new Map([[1, "Tom"]]);

// A Python caller gets the envelope, as one of its own services would send it.
rpcTasks("members.name", { input: v.number() }, (id) => {
  const name = names.get(id);
  return name === undefined
    ? RPCResponse({ errors: { id: ["There is no such user."] } })
    : RPCResponse({ data: name });
});

/** A row of another service: here is no type of its task to import, so a schema tells and checks what comes back. */
const photo = remoteField(v.number(), {
  route: "photos.byIds",
  schema: v.object({ id: v.number(), path: v.string() }),
});

export const UserSerializer = serializer(
  v.object({ id: v.number(), name: v.string(), photo: v.nullable(photo) }),
);
