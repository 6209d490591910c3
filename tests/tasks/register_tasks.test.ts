import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, before, describe, it } from "node:test";

import { jobTasks, registerTasks, rpcTasks } from "../../mod.ts";

describe("registerTasks()", () => {
  const library = new URL("../../mod.ts", import.meta.url).href;
  const routes = new Set<string>();
  let folder = "";

  async function write(path: string, body: string): Promise<void> {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), body);
  }

  function taskModule(route: string): string {
    routes.add(route);
    return `import { rpcTasks } from ${JSON.stringify(library)};\nexport const task = rpcTasks("${route}", () => 1);\n`;
  }

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "bgtasks-test-"));
    await write("package.json", '{ "type": "module" }');
    await write("images/tasks.ts", taskModule("register.images"));
    await write("users/tasks.mjs", taskModule("register.users"));
    await write("users/deep/tasks.js", taskModule("register.deep"));
    await write("node_modules/other/tasks.js", taskModule("register.never.1"));
    await write("dist/tasks.js", taskModule("register.never.2"));
    await write("users/other.ts", taskModule("register.other"));
    await write("broken/bad.mjs", 'throw new Error("the database is away");\n');
  });

  after(async () => {
    for (const route of routes) rpcTasks.delete(route);
    await rm(folder, { recursive: true });
  });

  it("imports every tasks module, but for those of packages and builds, and tells what came with each", async () => {
    const modules = await registerTasks(undefined, { cwd: folder });
    assert.deepEqual(
      modules.map(({ path, tasks }) => [path, tasks.map(({ route }) => route)]),
      [
        [join(folder, "images/tasks.ts"), ["register.images"]],
        [join(folder, "users/deep/tasks.js"), ["register.deep"]],
        [join(folder, "users/tasks.mjs"), ["register.users"]],
      ],
    );
    assert.equal(rpcTasks.has("register.never.1"), false);
  });

  it("tells the same when the modules were imported before", async () => {
    const modules = await registerTasks(["images/tasks.ts", "users/*.mjs"], { cwd: folder });
    assert.deepEqual(
      modules.flatMap(({ tasks }) => tasks.map(({ route }) => route)),
      ["register.images", "register.users"],
    );
  });

  it("tells the jobs that came with a module, too, also of one that was imported before", async () => {
    const jobs = `import { jobTasks } from ${JSON.stringify(library)};\nexport const job = jobTasks("register.images", () => {});\n`;
    await write("jobs/tasks.mjs", jobs);
    for (let time = 0; time < 2; time++) {
      const [found] = await registerTasks("jobs/tasks.mjs", { cwd: folder });
      assert.deepEqual(found?.tasks, []);
      assert.deepEqual(
        found.jobs.map(({ route }) => route),
        ["register.images"],
      );
    }
    jobTasks.delete("register.images");
  });

  it("takes patterns of its caller, a build's folder included", async () => {
    const [other] = await registerTasks("users/other.ts", { cwd: folder });
    assert.deepEqual(
      other?.tasks.map(({ route }) => route),
      ["register.other"],
    );
    const [built] = await registerTasks("dist/tasks.js", { cwd: folder });
    assert.deepEqual(
      built?.tasks.map(({ route }) => route),
      ["register.never.2"],
    );
  });

  it("names both modules that claim one route", async () => {
    await write("rivals/a.mjs", taskModule("register.rival"));
    await write("rivals/b.mjs", taskModule("register.rival"));
    const [first, second] = [join(folder, "rivals/a.mjs"), join(folder, "rivals/b.mjs")];
    await assert.rejects(registerTasks("rivals/*.mjs", { cwd: folder }), {
      code: "task_module_failed",
      message: `Cannot import the task module ${second}: Cannot register "register.rival" twice: it has a handler already, from ${first}`,
    });
  });

  it("names the module that cannot be imported, and why", async () => {
    await assert.rejects(
      registerTasks("broken/*.mjs", { cwd: folder }),
      (error: Error & { code: string }) => {
        assert.equal(error.code, "task_module_failed");
        assert.ok(error.message.includes(join(folder, "broken/bad.mjs")));
        assert.match(error.message, /the database is away/);
        return true;
      },
    );
  });

  it("says where it looked when nothing matches, and where only those look who name the folder", async () => {
    await assert.rejects(registerTasks("nothing/*.ts", { cwd: folder }), {
      code: "no_tasks",
      message: `Cannot register tasks as no file matches nothing/*.ts below ${folder}`,
    });
    const compiled = join(folder, "compiled");
    await write("compiled/services/dist/images/tasks.js", "export {};");
    await assert.rejects(
      registerTasks(undefined, { cwd: compiled }),
      /services\/dist\/images\/tasks\.js is there, but nobody looks into dist .*: "services\/dist\/\*\*\/tasks\.js"$/,
    );
  });
});
