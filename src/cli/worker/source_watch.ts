import { watch } from "node:fs";
import type { FSWatcher } from "node:fs";
import { stat } from "node:fs/promises";
import { dirname, resolve } from "node:path";

import { glob } from "tinyglobby";

import { CommandFailure, ExitCode } from "../terminal/exit_code.ts";

const SOURCES = "**/*.{ts,mts,cts,js,mjs,cjs}";

/** What is not ours, or is made from what is. Folders that begin with a dot are left out anyway. */
const IGNORED = ["**/node_modules/**", "**/dist/**", "**/build/**", "**/out/**", "**/coverage/**"];

/** Editors and tools write several files, and each in several steps. In milliseconds. */
const SETTLE = 100;

/**
 * Tells which source files below a folder have changed, and further files by their names.
 *
 * What the system reports of each folder is only a hint to look: it differs between systems and runtimes. What counts is
 * whether a file's time or size is another than before.
 */
export class SourceWatch implements Disposable {
  readonly #root: string;
  readonly #onChange: (paths: readonly string[]) => void;
  readonly #watchers = new Map<string, FSWatcher>();
  readonly #further = new Set<string>();
  #seen: ReadonlyMap<string, string> = new Map();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #comparing: Promise<void> = Promise.resolve();
  #isClosed = false;

  /** Resolves when every change from now on will be seen. */
  static async open(
    root: string,
    onChange: (paths: readonly string[]) => void,
  ): Promise<SourceWatch> {
    const sources = new SourceWatch(resolve(root), onChange);
    await sources.#watchFolders();
    sources.#seen = await sources.#look();
    return sources;
  }

  private constructor(root: string, onChange: (paths: readonly string[]) => void) {
    this.#root = root;
    this.#onChange = onChange;
  }

  /** Watches these files too, wherever they are. */
  async add(paths: readonly string[]): Promise<void> {
    const added = paths.filter((path) => !this.#seen.has(path) && !this.#further.has(path));
    const seen = new Map(this.#seen);
    for (const path of added) {
      this.#further.add(path);
      this.#watch(dirname(path));
      seen.set(path, await fingerprint(path));
    }
    this.#seen = seen;
  }

  [Symbol.dispose](): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    for (const watcher of this.#watchers.values()) watcher.close();
  }

  /** Watches every folder, those too that were made meanwhile. */
  async #watchFolders(): Promise<void> {
    for (let isNew = true; isNew;) {
      const options = { cwd: this.#root, absolute: true, ignore: IGNORED };
      const folders = await glob("**", { ...options, onlyDirectories: true });
      const unknown = [this.#root, ...folders].map((path) => resolve(path));
      isNew = unknown.filter((folder) => this.#watch(folder)).length > 0;
    }
  }

  /** Tells whether it was not watched before. */
  #watch(folder: string): boolean {
    if (this.#watchers.has(folder) || this.#isClosed) return false;
    try {
      const watcher = watch(folder, () => this.#hint());
      // A folder that is removed.
      watcher.on("error", () => this.#forget(folder));
      this.#watchers.set(folder, watcher);
      return true;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return false;
      throw new CommandFailure(ExitCode.FAILED, `Cannot watch ${folder}: ${String(error)}`);
    }
  }

  #forget(folder: string): void {
    this.#watchers.get(folder)?.close();
    this.#watchers.delete(folder);
  }

  #hint(): void {
    if (this.#isClosed) return;
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      // What cannot be looked at now, e.g. as a folder is just being removed, is looked at with the next hint.
      this.#comparing = this.#comparing.then(() => this.#compare()).catch(() => {});
    }, SETTLE);
  }

  async #compare(): Promise<void> {
    await this.#watchFolders();
    const now = await this.#look();
    if (this.#isClosed) return;
    const changed = [...now].filter(([path, print]) => this.#seen.get(path) !== print);
    const gone = [...this.#seen.keys()].filter((path) => !now.has(path));
    this.#seen = now;
    const paths = [...changed.map(([path]) => path), ...gone].sort();
    if (paths.length > 0) this.#onChange(paths);
  }

  async #look(): Promise<ReadonlyMap<string, string>> {
    const found = await glob(SOURCES, { cwd: this.#root, absolute: true, ignore: IGNORED });
    const paths = new Set([...found.map((path) => resolve(path)), ...this.#further]);
    const prints = await Promise.all(
      [...paths].map(async (path) => [path, await fingerprint(path)] as const),
    );
    return new Map(prints.filter(([, print]) => print !== ""));
  }
}

/** What changes with a file's contents; empty when there is no such file. */
async function fingerprint(path: string): Promise<string> {
  try {
    const { mtimeMs, size } = await stat(path);
    return `${mtimeMs} ${size}`;
  } catch {
    return "";
  }
}
