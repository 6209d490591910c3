import { createInterface } from "node:readline";

import { type Answer, MARK } from "./protocol.ts";

/** Reads commands as lines of JSON and answers each with one, until whoever started this process is gone. */
export async function answerCommands(
  execute: (command: never) => Promise<unknown>,
): Promise<never> {
  // Perhaps in the middle of a command.
  process.stdin.once("end", () => process.exit(0));
  for await (const line of createInterface({ input: process.stdin })) {
    try {
      answer({ result: await execute(JSON.parse(line) as never) });
    } catch (error) {
      answer({ error: error instanceof Error ? (error.stack ?? error.message) : String(error) });
    }
  }
  return process.exit(0);
}

function answer(answer: Answer): void {
  process.stdout.write(`${MARK}${JSON.stringify(answer)}\n`);
}
