import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { after, before, describe, it } from "node:test";
import { fileURLToPath } from "node:url";

import { runCommand } from "../../scripts/run_command.ts";
import { PACKAGE_RANGES, runtimeKit } from "../../src/cli/init/runtime_kit.ts";
import { STARTER_SOURCES, starterFiles } from "../../src/cli/init/starter_files.ts";
import { deadQueueName, jobQueueName } from "../../src/jobs/job_queues.ts";
import { VERSION } from "../../src/version.ts";
import { snippetFolder } from "../docs/markdown_snippets.ts";
import { brokerURL, deleteQueue, needsBroker } from "../support/broker.ts";
import { CLI } from "../support/cli.ts";
import { runScript } from "../support/run_script.ts";
import { runCLI } from "./run_cli.ts";

const { bun, deno } = process.versions;

const starter = new URL("../../src/cli/init/starter/", import.meta.url);

describe("bgtasks init", () => {
  // In the repository, so that "bgtasks" is found without an installation.
  const folder = snippetFolder();
  const project = join(folder, "shop");
  // Others use the starter's routes on the same broker.
  const route = `cli.${crypto.randomUUID()}`;
  const jobRoute = `${route}.job`;

  before(async () => {
    await mkdir(folder, { recursive: true });
    const { exitCode, stdout, stderr } = await runCLI(["init", project]);
    assert.equal(exitCode, 0, stderr);
    assert.match(
      stdout,
      /users\/main\.ts\n[^]*To run them:\n {2}cd .*shop\n[^]* worker +# the images/,
    );
    // They install the published package, which `npm run check -- newcomer` does.
    for (const manifest of ["package.json", "tsconfig.json", "deno.json"])
      await rm(join(project, manifest), { force: true });
    for (const file of ["images/tasks.ts", "users/main.ts", "users/users.ts"]) {
      const path = join(project, file);
      const text = await readFile(path, "utf8");
      await writeFile(
        path,
        text.replaceAll("images.byIds", route).replaceAll("images.resize", jobRoute),
      );
    }
  });
  after(() => rm(folder, { recursive: true }));

  it("writes a test that passes", async () => {
    const { NODE_TEST_CONTEXT: _outer, ...env } = process.env;
    const file = join(project, "users/users.test.ts");
    const runner = deno
      ? ["test", "-A", "--no-check", file]
      : bun
        ? ["test", file]
        : ["--import", "tsx", "--test", "--test-reporter=tap", file];
    const { code, output } = await runCommand(process.execPath, runner, { env });
    assert.equal(code, 0, output);
    assert.match(output, /# pass 3\b|\b3 pass\b|\(3 steps\)/);
  });

  it(
    "writes two services of which one calls the other and sends it a job",
    needsBroker,
    async () => {
      const environment = { AMQP_URL: brokerURL ?? "" };
      const args = ["worker", "--tasks", join(project, "**/tasks.ts")];
      const worker = new CLI(args, environment);
      try {
        await worker.printed(/Ready\./);
        const { stdout, stderr } = await runScript(join(project, "users/main.ts"), { environment });
        const expected = [
          "image 1 is /images/tom.jpg",
          "image 2 is /images/bob.jpg",
          "Tom has /images/tom.jpg",
          "Bob has /images/bob.jpg",
          "Ann has no image",
          "image 1 will be resized",
        ];
        assert.equal(stdout, `${expected.join("\n")}\n`, stderr);
        await worker.printed(/image 1 is 200 pixels wide now/);
      } finally {
        worker.signal("SIGTERM");
        assert.equal(await worker.exited(), 0);
        const queue = jobQueueName(jobRoute);
        for (const name of [route, queue, deadQueueName(queue)]) await deleteQueue(name);
      }
    },
  );

  it("refuses a folder that is not empty, names what is there, and writes nothing", async () => {
    const filled = join(folder, "filled");
    await mkdir(filled);
    for (let n = 10; n < 25; n++) await writeFile(join(filled, `note-${n}.txt`), "mine");
    const { exitCode, stdout, stderr } = await runCLI(["init", filled]);
    assert.match(
      stderr,
      /is not empty:\n {2}note-10\.txt\n[^]*… and 5 more\n.*Nothing was written/,
    );
    assert.deepEqual([exitCode, stdout], [1, ""]);
    assert.equal(readdirSync(filled).length, 15);
  });

  it("says when the folder is a file", async () => {
    const file = join(folder, "file");
    await writeFile(file, "");
    const { exitCode, stderr } = await runCLI(["init", file]);
    assert.match(stderr, /Cannot write a project into .*file: ENOTDIR/);
    assert.equal(exitCode, 1);
  });

  it("tells programs what it wrote and what comes next", async () => {
    const other = join(folder, "Other Shop");
    const { exitCode, stdout } = await runCLI(["init", other, "--json"]);
    const report = JSON.parse(stdout) as { files: string[]; next: string[]; folder: string };
    assert.equal(report.folder, other);
    assert.ok(report.next.some((command) => command.endsWith(" worker")));
    for (const file of report.files) assert.ok((await readFile(join(other, file))).length > 0);
    assert.equal(exitCode, 0);
  });
});

describe("the starter", () => {
  const node = { versions: { node: "24.0.0" }, stripsTypes: true, from: "file:///cli.js" };
  const kits = {
    "Node 24": runtimeKit(node),
    "Node 20": runtimeKit({ ...node, stripsTypes: false }),
    Deno: runtimeKit({ ...node, versions: { node: "24.0.0", deno: "2.9.0" } }),
    "Deno from JSR": runtimeKit({ ...node, versions: { deno: "2.9.0" }, from: "https://jsr.io/x" }),
    Bun: runtimeKit({ ...node, versions: { node: "24.0.0", bun: "1.4.0" } }),
  };

  it("has every file of its folder", () => {
    const folder = fileURLToPath(new URL("../../src/cli/init/starter/", import.meta.url));
    const there = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((name) =>
      /\.|gitignore/.test(name),
    );
    assert.deepEqual(there.sort(), Object.values(STARTER_SOURCES).sort());
  });

  it("uses the versions that the package itself is tested with", () => {
    const root = new URL("../../package.json", import.meta.url);
    const { dependencies, devDependencies } = JSON.parse(readFileSync(root, "utf8")) as Record<
      string,
      Record<string, string>
    >;
    const own: Record<string, string> = { ...dependencies, ...devDependencies };
    for (const [name, range] of Object.entries(PACKAGE_RANGES)) {
      const expected = name === "bgtasks" ? VERSION : own[name]?.replace("^", "");
      assert.equal(range, `^${expected}`, name);
    }
  });

  for (const [name, kit] of Object.entries(kits)) {
    it(`for ${name} has its scripts, and a README with its commands`, async () => {
      const files = await starterFiles(starter, kit, "shop");
      const readme = files.get("README.md") ?? "";
      assert.doesNotMatch(readme, /\{\{/);
      assert.ok(readme.includes(`\n${kit.run} worker `), readme);
      const manifest = JSON.parse(
        files.get("package.json") ?? files.get("deno.json") ?? "",
      ) as Record<string, Record<string, string>>;
      const scripts = manifest["scripts"] ?? manifest["tasks"] ?? {};
      assert.deepEqual(Object.keys(scripts), ["worker", "start", "test", "typecheck"]);
      const loads = JSON.stringify(manifest).includes("tsx");
      assert.equal(loads, name === "Node 20");
    });
  }

  it("from JSR uses the package of JSR alone", async () => {
    const files = await starterFiles(starter, kits["Deno from JSR"], "shop");
    const manifest = files.get("deno.json") ?? "";
    assert.doesNotMatch(manifest, /npm:bgtasks/);
    assert.ok(manifest.includes(`deno run -A jsr:@bgtasks/bgtasks@^${VERSION}/cli worker`));
  });
});
