import { readdirSync } from "node:fs";
import { join } from "node:path";
import { inProject } from "../project.ts";

/**
 * The test files, relative to the project, that lie under one of the filters or hold it in their path; all of them
 * without a filter. Listed here as Node 20 takes no `**` after `--test`.
 */
export function testFiles(filters: readonly string[]): string[] {
  const wanted = filters.map((filter) => filter.replaceAll("\\", "/").replace(/^\.\//, ""));
  return readdirSync(inProject("tests"), { recursive: true, encoding: "utf8" })
    .map((file) => join("tests", file).replaceAll("\\", "/"))
    .filter((file) => file.endsWith(".test.ts") && !file.includes("node_modules/"))
    .filter((file) => wanted.length === 0 || wanted.some((filter) => file.includes(filter)))
    .sort();
}
