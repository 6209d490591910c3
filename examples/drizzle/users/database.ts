import { createClient } from "@libsql/client";
import { drizzle, type LibSQLDatabase } from "drizzle-orm/libsql";
import { integer, sqliteTable, text } from "drizzle-orm/sqlite-core";

export const users = sqliteTable("users", {
  id: integer("id").primaryKey({ autoIncrement: true }),
  username: text("username").notNull(),
  /** The id of an image, which another service owns: no foreign key of any database reaches it. */
  image: integer("image"),
});

export const database: LibSQLDatabase = drizzle(createClient({ url: ":memory:" }));

await database.run(
  "CREATE TABLE users (id INTEGER PRIMARY KEY AUTOINCREMENT, username TEXT NOT NULL, image INTEGER)",
);
await database.insert(users).values([
  { username: "Tom", image: 1 },
  { username: "Bob", image: 2 },
  { username: "Ann", image: null },
]);
