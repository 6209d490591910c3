import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Readable, Writable } from "node:stream";

import { findChromium } from "./chromium.ts";

/** What the browser answers, and what it tells by itself. */
interface BrowserMessage {
  readonly id?: number;
  readonly result?: Record<string, unknown>;
  readonly error?: { readonly message: string };
}

/** A page that stays open in a headless Chromium, which is asked over its pipe for DevTools. */
export class LivePage implements AsyncDisposable {
  readonly #browser: ChildProcess;
  readonly #profile: string;
  readonly #answers = new Map<number, (message: BrowserMessage) => void>();
  readonly #ended: Promise<void>;
  #sessionId: string | undefined;
  #asked = 0;

  private constructor(chromium: string) {
    this.#profile = mkdtempSync(join(tmpdir(), "bgtasks-chromium-"));
    const options = [
      "--headless",
      "--disable-gpu",
      "--remote-debugging-pipe",
      `--user-data-dir=${this.#profile}`,
      // Root, as in a container, gets no sandbox; the page is our own.
      ...(process.getuid?.() === 0 ? ["--no-sandbox"] : []),
    ];
    const stdio = ["ignore", "ignore", "ignore", "pipe", "pipe"] as const;
    this.#browser = spawn(chromium, options, { stdio: [...stdio] });
    this.#ended = new Promise((resolve) => this.#browser.once("exit", () => resolve()));
    this.#listen();
  }

  static async open(url: string): Promise<LivePage> {
    const chromium = findChromium();
    if (chromium === undefined) throw new Error("Cannot open a page as Chromium is not installed");
    const page = new LivePage(chromium);
    const { targetId } = await page.#ask("Target.createTarget", { url });
    const attached = await page.#ask("Target.attachToTarget", { targetId, flatten: true });
    page.#sessionId = String(attached["sessionId"]);
    return page;
  }

  /** What an expression of JavaScript is in the page, as far as JSON can say it. */
  async evaluate(expression: string): Promise<unknown> {
    const { result } = await this.#ask("Runtime.evaluate", { expression, returnByValue: true });
    return (result as { readonly value?: unknown }).value;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#browser.kill();
    await this.#ended;
    rmSync(this.#profile, { recursive: true, force: true, maxRetries: 5 });
  }

  async #ask(method: string, params: object): Promise<Record<string, unknown>> {
    const id = ++this.#asked;
    const request = JSON.stringify({ id, method, params, sessionId: this.#sessionId });
    const answer = new Promise<BrowserMessage>((resolve) => this.#answers.set(id, resolve));
    (this.#browser.stdio[3] as Writable).write(`${request}\0`);
    const { result = {}, error } = await answer;
    if (error) throw new Error(`Cannot do ${method}: ${error.message}`);
    return result;
  }

  /** Messages are JSON, each with a NUL behind it. */
  #listen(): void {
    let text = "";
    const pipe = this.#browser.stdio[4] as Readable;
    pipe.setEncoding("utf8").on("data", (chunk: string) => {
      const messages = (text + chunk).split("\0");
      text = messages.pop() ?? "";
      for (const message of messages) {
        const read = JSON.parse(message) as BrowserMessage;
        const answer = this.#answers.get(read.id ?? 0);
        this.#answers.delete(read.id ?? 0);
        answer?.(read);
      }
    });
  }
}
