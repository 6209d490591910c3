// `npm run release -- 0.2.0`: writes the version of the next release into every file that names it, and its heading into the
// changelog. It commits and publishes nothing. `--folder PATH` is a copy of the project, for tests.
import { parseArgs } from "node:util";

import { mustRun } from "./package/steps.ts";
import { projectRoot } from "./project.ts";
import { commonVersion, readUnreleased, writeVersion } from "./release/version_places.ts";

try {
  const { values, positionals } = parseArgs({
    options: { folder: { type: "string", default: projectRoot } },
    allowPositionals: true,
  });
  await release(values.folder, positionals[0]);
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}

async function release(folder: string, version: string | undefined): Promise<void> {
  const current = commonVersion(folder);
  const refuse = (reason: string): never => {
    throw new Error(`Cannot release ${version ?? "no version"}: ${reason}`);
  };
  if (version === undefined || !/^\d+\.\d+\.\d+$/.test(version))
    return refuse(`it is not a version such as ${nextOf(current)}`);
  if (!isAfter(version, current)) refuse(`it does not come after ${current}`);
  if (readUnreleased(folder) === "") refuse('CHANGELOG.md has nothing under "Unreleased"');
  const changes = await mustRun("git", ["status", "--porcelain"], { cwd: folder });
  if (changes !== "") refuse(`there are changes that are not committed:\n${changes}`);

  writeVersion(folder, version, new Date().toISOString().slice(0, 10));
  console.log(`The version is ${version} everywhere. What is left, once .ci/run has passed:
  git commit --all --message "Release ${version}" && git tag v${version}
  npm publish
  npx jsr publish
  git push --follow-tags`);
}

function isAfter(version: string, other: string): boolean {
  const [own, others] = [version, other].map((text) => text.split(".").map(Number));
  for (const [index, number] of (own ?? []).entries()) {
    const difference = number - (others?.[index] ?? 0);
    if (difference !== 0) return difference > 0;
  }
  return false;
}

function nextOf(version: string): string {
  const [major, minor = 0] = version.split(".").map(Number);
  return `${major}.${minor + 1}.0`;
}
