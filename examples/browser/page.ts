/** A page that shows users with their images and checks a form, by the serializer that a server would use. */
import { configure, remoteField, RPCClient, serializer } from "bgtasks";
import * as v from "valibot";

import { offerTasks } from "./services.ts";

configure({ environment: "test" }); // The loopback: every call is answered in the page.
offerTasks();

const UserSerializer = serializer(
  v.object({
    id: v.number(),
    name: v.pipe(v.string(), v.minLength(2, "At least two letters.")),
    image: v.nullable(
      remoteField(v.number(), {
        route: "images.byIds",
        schema: v.object({ id: v.number(), path: v.string() }),
      }),
    ),
  }),
);
const UserRows = v.array(
  v.object({ id: v.number(), name: v.string(), image: v.nullable(v.number()) }),
);

async function main(): Promise<void> {
  const client = new RPCClient();
  const rows = v.parse(UserRows, await client.call("users.list"));
  for (const { name, image } of await UserSerializer.serialize(rows, { client }))
    show("users", `${name}: ${image?.path ?? "no image"}`);

  // What the form would send, and the messages that belong beside its fields.
  const result = await UserSerializer.validate({ id: 4, name: "X", image: 9 }, { client });
  if (!result.success)
    for (const [field, messages] of Object.entries(result.errors))
      show("errors", `${field}: ${messages.join(" ")}`);

  await client.close();
  document.title = "done";
}

function show(list: string, text: string): void {
  const item = document.createElement("li");
  item.textContent = text;
  document.querySelector(`#${list}`)?.append(item);
}

main().catch((error: unknown) => show("errors", String(error)));
