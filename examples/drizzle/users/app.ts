/** The users service: a web API over its own table, with images from the other service. */
import { type Context, Hono } from "hono";
import { eq } from "drizzle-orm";

import { database, users } from "./database.ts";
import { NewUserSerializer, UserSerializer } from "./serializers.ts";

export const app: Hono = new Hono();

// However many users there are, their images are one call.
app.get("/users", async (c) =>
  c.json(await UserSerializer.serialize(await database.select().from(users))),
);

app.get("/users/:id", async (c) => {
  const [user] = await database
    .select()
    .from(users)
    .where(eq(users.id, Number(c.req.param("id"))));
  return user
    ? c.json(await UserSerializer.serialize(user))
    : c.json({ detail: "Not found." }, 404);
});

app.post("/users", async (c) => {
  // Also asks the images service whether the image exists.
  const result = await NewUserSerializer.validate(await readJSON(c));
  if (!result.success) return c.json(result.errors, 400);
  const [user] = await database.insert(users).values(result.output).returning();
  return user
    ? c.json(await UserSerializer.serialize(user), 201)
    : c.json({ detail: "Not stored." }, 500);
});

/** The request's body; undefined for what is no JSON, which the schema then refuses. */
async function readJSON(c: Context): Promise<unknown> {
  return c.req.json<unknown>().catch(() => undefined);
}
