import { spawnSync } from "node:child_process";

import { findServerFolder, startPrivateNode } from "../../scripts/broker/private_node.ts";
import type { PrivateNode, PrivateNodeOptions } from "../../scripts/broker/private_node.ts";
import type { Settings } from "../../mod.ts";

/** For `describe`: skips what needs a broker to itself, to stop it or to set it up otherwise. */
export const needsRabbitMQServer = {
  skip:
    findServerFolder() !== undefined || process.env["BGTASKS_REQUIRE_BROKER"] === "1"
      ? false
      : "needs a broker of its own: rabbitmq-server is not installed",
} as const;

/** The same for what takes more than some seconds: `BGTASKS_SKIP_LONG=1` leaves it out. */
export const needsRabbitMQServerForLong = {
  skip:
    process.env["BGTASKS_SKIP_LONG"] === "1"
      ? "long, and BGTASKS_SKIP_LONG is set"
      : needsRabbitMQServer.skip,
} as const;

/** The same for what needs `openssl` too, to make certificates. */
export const needsRabbitMQServerAndOpenSSL = {
  skip:
    needsRabbitMQServer.skip ||
    (spawnSync("openssl", ["version"]).status === 0 || process.env["BGTASKS_REQUIRE_BROKER"] === "1"
      ? false
      : "needs openssl to make certificates"),
} as const;

/** A RabbitMQ node of one test file alone, which the file may stop, kill and set up as it likes. */
export class PrivateBroker implements AsyncDisposable {
  readonly node: PrivateNode;

  private constructor(node: PrivateNode) {
    this.node = node;
  }

  static async start(options: Omit<PrivateNodeOptions, "folder"> = {}): Promise<PrivateBroker> {
    return new PrivateBroker(await startPrivateNode(options));
  }

  /** Settings that reach it, and soon again after a loss. */
  get settings(): Settings {
    return { url: this.node.url, environment: "", reconnect: { initial: 20, max: 300 } };
  }

  /** Whether this is at least such a version of RabbitMQ. */
  async isAtLeast(major: number, minor: number): Promise<boolean> {
    const [ownMajor = 0, ownMinor = 0] = (await this.node.ctl("-q", "version"))
      .split(".")
      .map(Number);
    return ownMajor > major || (ownMajor === major && ownMinor >= minor);
  }

  /** Runs Erlang in the broker. */
  eval(expression: string): Promise<string> {
    return this.node.ctl("eval", expression);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.node.stop();
  }
}
