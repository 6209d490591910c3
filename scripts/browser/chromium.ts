import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { pathToFileURL } from "node:url";

import { mustRun } from "../package/steps.ts";

/** How a page is opened. */
export interface PageOptions {
  /** @default false */
  readonly dark?: boolean;
  /** Of the window, in pixels. @default [1_280, 1_150] */
  readonly size?: readonly [width: number, height: number];
}

/** Where Chromium is; undefined when it is not installed. */
export function findChromium(): string | undefined {
  const folders = (process.env["PATH"] ?? "").split(delimiter);
  const names = ["chromium", "chromium-browser", "google-chrome"];
  return folders
    .flatMap((folder) => names.map((name) => join(folder, name)))
    .find((path) => existsSync(path));
}

/** A page's document as HTML, after its script has run. */
export function dumpPage(file: string, options: PageOptions = {}): Promise<string> {
  return open(file, ["--dump-dom"], options);
}

/** Takes a picture of a page. */
export async function takePicture(
  file: string,
  picture: string,
  options: PageOptions = {},
): Promise<void> {
  await open(file, [`--screenshot=${picture}`], options);
}

async function open(
  file: string,
  args: readonly string[],
  { dark = false, size = [1_280, 1_150] }: PageOptions,
): Promise<string> {
  const chromium = findChromium();
  if (chromium === undefined) throw new Error("Cannot open a page as Chromium is not installed");
  const profile = mkdtempSync(join(tmpdir(), "bgtasks-chromium-"));
  const options = [
    "--headless",
    "--disable-gpu",
    "--hide-scrollbars",
    `--user-data-dir=${profile}`,
    `--window-size=${size.join(",")}`,
    // Root, as in a container, gets no sandbox; the page is our own.
    ...(process.getuid?.() === 0 ? ["--no-sandbox"] : []),
    ...(dark ? ["--force-dark-mode", "--blink-settings=preferredColorScheme=0"] : []),
  ];
  try {
    return await mustRun(chromium, [...options, ...args, pathToFileURL(file).href], {
      timeout: 60_000,
    });
  } finally {
    rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
  }
}
