import { mkdtempSync, rmSync } from "node:fs";

import { onInterrupt } from "../cleanup.ts";
import { bundleSources } from "../package/bundle_sources.ts";
import { inProject } from "../project.ts";

/**
 * Builds the command for the tests of one run, calls `use` with its folder and removes it: a hundred tests run the command, and Node
 * takes four times as long to start it from its sources. In the project, as the packages it imports are.
 */
export async function withBuiltCommand<Result>(
  use: (folder: string) => Promise<Result>,
): Promise<Result> {
  const folder = mkdtempSync(inProject(".build-"));
  const remove = (): void => rmSync(folder, { recursive: true, force: true });
  const forget = onInterrupt(async () => remove());
  try {
    await bundleSources(folder);
    return await use(folder);
  } finally {
    remove();
    forget();
  }
}
