import assert from "node:assert/strict";
import process from "node:process";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";

import { runCommand } from "../../../scripts/run_command.ts";
import { toConnectionError } from "../../../src/transport/amqp/connection/broker_errors.ts";

const { deno } = process.versions;
const [forDeno, notDeno] = deno ? [false, "means Deno there"] : ["is for Deno", false];

const path = (file: string): string => fileURLToPath(new URL(file, import.meta.url));
/** All that the library asks for but the network. */
const PERMISSIONS = ["--no-prompt", "--allow-env", "--allow-sys", "--allow-read"];

describe("a connection that the runtime forbids", () => {
  it("is refused on Node, and the flag is named", () => {
    const denied = new Error("getaddrinfo ERR_ACCESS_DENIED localhost");
    const { code, message } = toConnectionError(denied, "localhost:5672");
    assert.equal(code, "connection_refused");
    assert.equal(
      message,
      "Cannot reach the broker at localhost:5672 because Node does not let this program use the network: run it with --allow-net",
    );
  });

  it("is lost where a firewall is what forbids it", { skip: notDeno }, () => {
    const denied = new Error("connect EPERM 10.0.0.1:5672");
    assert.equal(toConnectionError(denied, "10.0.0.1:5672").code, "connection_lost");
  });

  it("rejects calls at once on Deno", { skip: forDeno }, async () => {
    const urls = ["amqp://localhost:1", "amqp://127.0.0.1:1"];
    const args = ["run", ...PERMISSIONS, path("./fixtures/no_permission.ts"), ...urls];
    const { output } = await runCommand(process.execPath, args);
    const lines = output.trim().split("\n");
    assert.equal(lines.length, 2, output);
    for (const line of lines)
      assert.match(line, /^connection_refused at once .* because Deno .* --allow-net$/);
  });

  it("is told by the command, with what to do", { skip: forDeno }, async () => {
    const command = ["run", ...PERMISSIONS, path("../../../src/cli/main.ts")];
    for (const args of [["call", "nobody.there"], ["doctor"]]) {
      const env = { ...process.env, AMQP_URL: "amqp://localhost:1", NO_COLOR: "1" };
      const { code, output } = await runCommand(process.execPath, [...command, ...args], { env });
      assert.notEqual(code, 0);
      assert.match(output, /because Deno does not let this program use the network/);
      assert.match(output, /Give the command its permissions: deno run -A/);
    }
  });
});
