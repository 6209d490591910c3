import { createClient } from "@libsql/client";
import { drizzle, type LibSQLDatabase } from "drizzle-orm/libsql";
import { integer, sqliteTable, text } from "drizzle-orm/sqlite-core";

export const posts = sqliteTable("posts", {
  id: integer("id").primaryKey(),
  /** A user, whom the users service owns. */
  userId: integer("user_id").notNull(),
  title: text("title").notNull(),
});

export const comments = sqliteTable("comments", {
  id: integer("id").primaryKey(),
  postId: integer("post_id").notNull(),
  type: text("type", { enum: ["text", "picture"] }).notNull(),
  /** Of a comment that is text. */
  text: text("text"),
  /** Of a comment that is a picture: an avatar, which another service owns. */
  picture: integer("picture"),
});

export const database: LibSQLDatabase = drizzle(createClient({ url: ":memory:" }));

await database.run(
  "CREATE TABLE posts (id INTEGER PRIMARY KEY, user_id INTEGER NOT NULL, title TEXT NOT NULL)",
);
await database.run(
  "CREATE TABLE comments (id INTEGER PRIMARY KEY, post_id INTEGER NOT NULL, type TEXT NOT NULL, text TEXT, picture INTEGER)",
);
await database.insert(posts).values([
  { id: 10, userId: 1, title: "Tashkent" },
  { id: 11, userId: 2, title: "Samarkand" },
  { id: 12, userId: 1, title: "Bukhara" },
]);
await database.insert(comments).values([
  { id: 100, postId: 10, type: "text", text: "Lovely." },
  { id: 101, postId: 10, type: "picture", picture: 3 },
  { id: 102, postId: 11, type: "picture", picture: 99 },
]);
