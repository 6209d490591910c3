import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { dirname, delimiter } from "node:path";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";

import { signalProcess } from "../../scripts/run_command.ts";
import { ensureTools } from "../../scripts/tools/tools.ts";
import { brokerURL, deleteQueue } from "../support/broker.ts";
import { waitFor } from "../support/wait_for.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const { bun, deno } = process.versions;
const skip = bun || deno ? "is started on Node" : brokerURL ? false : "needs a broker";

describe("the commands of this repository", { skip }, () => {
  for (const [command, ...args] of [
    ["npm", "run", "worker"],
    ["deno", "task", "worker"],
    ["bun", "run", "worker"],
  ] as const) {
    it(`${command} ${args.join(" ")} starts a worker, which drains at SIGTERM`, async () => {
      const tools = await ensureTools(["deno", "bun"]);
      const program = tools[command] ?? command;
      const path = [dirname(program), process.env["PATH"]].join(delimiter);
      const child = spawn(program, args, {
        cwd: root,
        // A group of its own: the runner of the script and the worker are asked to stop together.
        detached: true,
        stdio: ["ignore", "pipe", "pipe"],
        env: { ...process.env, PATH: path, AMQP_URL: brokerURL },
      });
      let output = "";
      let over = false;
      for (const stream of [child.stdout, child.stderr])
        stream.setEncoding("utf8").on("data", (text: string) => (output += text));
      child.once("close", () => (over = true));
      try {
        await waitFor(() => over || output.includes("Ready."), "the worker", 60_000);
        assert.match(output, /stock\.reserve +examples\/two_services\/stock\/tasks\.ts/);
        assert.match(output, /Ready\./);
      } finally {
        if (child.pid !== undefined) signalProcess(-child.pid, "SIGTERM");
        await waitFor(() => over, "its end", 30_000);
        await deleteQueue("stock.reserve");
      }
      assert.match(output, /Stopped\./);
    });
  }
});
