import { createClient } from "@libsql/client";
import { drizzle, type LibSQLDatabase } from "drizzle-orm/libsql";
import { integer, sqliteTable, text } from "drizzle-orm/sqlite-core";

export const users = sqliteTable("users", {
  id: integer("id").primaryKey({ autoIncrement: true }),
  name: text("name").notNull(),
  avatar: integer("avatar_id"),
});

export const database: LibSQLDatabase = drizzle(createClient({ url: ":memory:" }));

await database.run(
  "CREATE TABLE users (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL, avatar_id INTEGER)",
);
await database.insert(users).values([
  { name: "Tom", avatar: 1 },
  { name: "Ann", avatar: 2 },
  { name: "Bob", avatar: null },
]);
