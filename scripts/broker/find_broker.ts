import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { speaksAmqp } from "./amqp_probe.ts";
import type { Broker } from "./broker.ts";
import { startCompose } from "./compose.ts";
import { findServerFolder, startPrivateNode } from "./private_node.ts";

/** What to tell somebody who has no broker. */
export const howToGetABroker =
  "install RabbitMQ (Debian and Ubuntu: apt-get install rabbitmq-server, macOS: brew install rabbitmq), " +
  "or docker with compose, or set AMQP_URL to a broker that runs";

/**
 * A broker for a test run: `AMQP_URL`, else one on localhost:5672, else a private throw-away node, else docker
 * compose, else none.
 */
export async function findBroker(): Promise<Broker | undefined> {
  const url = process.env["AMQP_URL"];
  if (url) return givenBroker(url);
  if (await speaksAmqp("localhost", 5672)) {
    return {
      url: "amqp://guest:guest@localhost:5672",
      origin: "found on localhost:5672",
      stop: nothing,
    };
  }
  if (findServerFolder() !== undefined) {
    return startPrivateNode({ folder: mkdtempSync(join(tmpdir(), "bgtasks-broker-")) });
  }
  return startCompose({ project: "bgtasks-test" });
}

async function givenBroker(url: string): Promise<Broker> {
  const { protocol, hostname, port } = new URL(url);
  // A TLS listener does not answer a plain protocol header, so an amqps address is taken on trust.
  if (protocol === "amqp:" && !(await speaksAmqp(hostname, Number(port || 5672)))) {
    throw new Error(`Cannot use AMQP_URL as nothing speaks AMQP at ${hostname}:${port || 5672}`);
  }
  return { url, origin: "AMQP_URL", stop: nothing };
}

async function nothing(): Promise<void> {}
