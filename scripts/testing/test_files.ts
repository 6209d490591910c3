import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { inProject } from "../project.ts";

/** What a test file imports, or is told, when it uses a broker. */
const USES_BROKER =
  /support\/(?:adapters|broker|private_broker)\.ts"|\/open_bench\.ts"|BGTASKS_TEST_AMQP_URL/;

/** Of {@link testFiles} those that use a broker. */
export function brokerTestFiles(filters: readonly string[]): string[] {
  return testFiles(filters).filter((file) =>
    USES_BROKER.test(readFileSync(inProject(file), "utf8")),
  );
}

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

/** Folders with tests that do not depend on the version of Node. */
const SAME_ON_EVERY_NODE = ["docs", "examples", "foreign", "scripts", "serializers", "types"];

/** Of test files those that are worth a run on one more version of Node. All of them when none is. */
export function filesForAnotherNode(files: readonly string[]): readonly string[] {
  const worth = files.filter(
    (file) => !SAME_ON_EVERY_NODE.some((folder) => file.startsWith(`tests/${folder}/`)),
  );
  return worth.length > 0 ? worth : files;
}
