import { readFile } from "node:fs/promises";
import { basename, join } from "node:path";

/** Of what project the tasks are. */
export interface ProjectInfo {
  readonly title: string;
  readonly version: string;
  readonly description?: string;
}

/** What the manifest of a folder says of itself; the folder's name, where it says nothing. */
export async function readProjectInfo(folder: string): Promise<ProjectInfo> {
  for (const file of ["package.json", "deno.json", "jsr.json"]) {
    const { name, version, description } = await readManifest(join(folder, file));
    if (typeof name !== "string" || name === "") continue;
    return {
      title: name,
      version: typeof version === "string" ? version : "0.0.0",
      ...(typeof description === "string" && description !== "" ? { description } : {}),
    };
  }
  return { title: basename(folder) || "Tasks", version: "0.0.0" };
}

async function readManifest(path: string): Promise<Readonly<Record<string, unknown>>> {
  try {
    return JSON.parse(await readFile(path, "utf8")) as Record<string, unknown>;
  } catch {
    // None, or one that the runtime itself will complain of.
    return {};
  }
}
