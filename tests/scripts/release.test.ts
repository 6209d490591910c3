import assert from "node:assert/strict";
import { cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";

import { mustRun } from "../../scripts/package/steps.ts";
import {
  commonVersion,
  readUnreleased,
  readVersions,
} from "../../scripts/release/version_places.ts";
import { VERSION } from "../../src/version.ts";
import { runScript, type ScriptResult } from "../support/run_script.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const script = join(root, "scripts/release.ts");
const files = ["package.json", "jsr.json", "package-lock.json", "src/version.ts", "CHANGELOG.md"];

/** The files that name the version, in a repository of their own. */
class Copy implements AsyncDisposable {
  readonly folder: string;

  static async make(): Promise<Copy> {
    const folder = await mkdtemp(join(tmpdir(), "bgtasks-release-"));
    for (const file of files) await cp(join(root, file), join(folder, file));
    const copy = new Copy(folder);
    // Whatever the project's changelog has to tell at the moment.
    await copy.edit("CHANGELOG.md", /^## \[Unreleased\]\n[^]*?(?=^## )/m, next);
    await copy.git("init", "--quiet");
    await copy.commit();
    return copy;
  }

  private constructor(folder: string) {
    this.folder = folder;
  }

  async edit(file: string, pattern: RegExp, text: string): Promise<void> {
    const path = join(this.folder, file);
    await writeFile(path, (await readFile(path, "utf8")).replace(pattern, text));
  }

  async commit(): Promise<void> {
    await this.git("add", "--all");
    const who = ["-c", "user.name=test", "-c", "user.email=test@localhost"];
    await this.git(...who, "commit", "--quiet", "--no-verify", "--message", "a state");
  }

  git(...args: string[]): Promise<string> {
    return mustRun("git", args, { cwd: this.folder });
  }

  release(...args: string[]): Promise<ScriptResult> {
    return runScript(script, { args: [...args, "--folder", this.folder] });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.folder, { recursive: true });
  }
}

const next = "## [Unreleased]\n\n### Fixed\n\n- A fault.\n\n";

describe("the version", () => {
  it("is the same in every file that names it", () => {
    assert.equal(commonVersion(root), VERSION);
    assert.deepEqual(new Set(readVersions(root).map(([file]) => file)), new Set(files));
  });
});

describe("npm run release", () => {
  it("writes the version everywhere, and a heading over what was not released", async () => {
    await using copy = await Copy.make();
    const { exitCode, stderr, stdout } = await copy.release("987.6.5");
    assert.equal(exitCode, 0, stderr);
    assert.match(stdout, /git tag v987\.6\.5/);
    assert.deepEqual(
      readVersions(copy.folder).map(([, version]) => version),
      readVersions(copy.folder).map(() => "987.6.5"),
    );
    assert.equal(readUnreleased(copy.folder), "");
    const changelog = await readFile(join(copy.folder, "CHANGELOG.md"), "utf8");
    assert.match(
      changelog,
      /^## \[Unreleased\]\n\n## \[987\.6\.5\] - \d{4}-\d\d-\d\d\n\n### Fixed\n\n- A fault\.\n/m,
    );
    // Nothing but the versions, and those of nobody else.
    const changed = await copy.git("diff", "--numstat");
    assert.deepEqual(changed.trim().split("\n").sort(), [
      "1\t1\tjsr.json",
      "1\t1\tpackage.json",
      "1\t1\tsrc/version.ts",
      "2\t0\tCHANGELOG.md",
      "2\t2\tpackage-lock.json",
    ]);
  });

  it("refuses files that name different versions", async () => {
    for (const [file, pattern] of [
      ["jsr.json", /(?<="version": ")[^"]+/],
      ["src/version.ts", /(?<=VERSION = ")[^"]+/],
      ["CHANGELOG.md", /(?<=^## \[)\d[^\]]+/m],
    ] as const) {
      await using copy = await Copy.make();
      await copy.edit(file, pattern, "3.2.1");
      const reason = new RegExp(`different versions[^]*${file}: 3\\.2\\.1`);
      assert.throws(() => commonVersion(copy.folder), reason);
      if (file === "jsr.json") await refused(copy, ["987.6.5"], reason);
    }
  });

  it("refuses changes that are not committed", async () => {
    await using copy = await Copy.make();
    await writeFile(join(copy.folder, "note.txt"), "");
    await refused(copy, ["987.6.5"], /not committed:\n\?\? note\.txt/);
  });

  it("refuses a version that does not come after the last one, and what is not a version", async () => {
    await using copy = await Copy.make();
    await refused(copy, [VERSION], /does not come after/);
    await refused(copy, ["1.0"], /is not a version such as \d+\.\d+\.0/);
  });

  it("refuses a release of which the changelog tells nothing", async () => {
    await using copy = await Copy.make();
    await copy.edit("CHANGELOG.md", /^### Fixed\n\n- A fault\.\n\n/m, "");
    await copy.commit();
    await refused(copy, ["987.6.5"], /nothing under "Unreleased"/);
  });
});

async function refused(copy: Copy, args: readonly string[], reason: RegExp): Promise<void> {
  const before = await copy.git("diff");
  const { exitCode, stdout, stderr } = await copy.release(...args);
  assert.equal(exitCode, 1, stdout);
  assert.match(stderr, reason);
  assert.equal(await copy.git("diff"), before);
}
