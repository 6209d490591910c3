import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A folder with task modules, for one test file. */
export class TaskFolder implements AsyncDisposable {
  readonly path: string;

  static async create(): Promise<TaskFolder> {
    return new TaskFolder(await mkdtemp(join(tmpdir(), "bgtasks-cli-")));
  }

  private constructor(path: string) {
    this.path = path;
  }

  /** Writes a module that has the library's names and `v`, `z` for valibot and zod; returns its path. */
  async write(name: string, code: string): Promise<string> {
    const path = join(this.path, name);
    const library = new URL("../../mod.ts", import.meta.url).href;
    const imports = [
      `import { configure, jobTasks, remoteField, RPCResponse, rpcTasks, TaskError } from ${JSON.stringify(library)};`,
      `import * as v from ${JSON.stringify(import.meta.resolve("valibot"))};`,
      `import { z } from ${JSON.stringify(import.meta.resolve("zod"))};`,
    ];
    await writeFile(path, `${imports.join(" ")}\n${code}`);
    return path;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.path, { recursive: true });
  }
}
