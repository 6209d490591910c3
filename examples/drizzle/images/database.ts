import { createClient } from "@libsql/client";
import { drizzle, type LibSQLDatabase } from "drizzle-orm/libsql";
import { integer, sqliteTable, text } from "drizzle-orm/sqlite-core";

export const images = sqliteTable("images", {
  id: integer("id").primaryKey(),
  path: text("path").notNull(),
});

export const database: LibSQLDatabase = drizzle(createClient({ url: ":memory:" }));

await database.run("CREATE TABLE images (id INTEGER PRIMARY KEY, path TEXT NOT NULL)");
await database.insert(images).values([
  { id: 1, path: "/images/tom.jpg" },
  { id: 2, path: "/images/bob.jpg" },
  { id: 3, path: "/images/eve.jpg" },
]);
