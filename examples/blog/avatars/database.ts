import { createClient } from "@libsql/client";
import { drizzle, type LibSQLDatabase } from "drizzle-orm/libsql";
import { integer, sqliteTable, text } from "drizzle-orm/sqlite-core";

export const avatars = sqliteTable("avatars", {
  id: integer("id").primaryKey(),
  path: text("path").notNull(),
});

export const database: LibSQLDatabase = drizzle(createClient({ url: ":memory:" }));

await database.run("CREATE TABLE avatars (id INTEGER PRIMARY KEY, path TEXT NOT NULL)");
await database.insert(avatars).values([
  { id: 1, path: "/avatars/tom.jpg" },
  { id: 2, path: "/avatars/ann.jpg" },
  { id: 3, path: "/avatars/cat.jpg" },
]);
