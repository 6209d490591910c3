// `npm run broker [-- --port N]`: a broker for development, in the foreground until Ctrl-C.
import { parseArgs } from "node:util";
import { isListening, speaksAmqp } from "./broker/amqp_probe.ts";
import type { Broker } from "./broker/broker.ts";
import { startCompose } from "./broker/compose.ts";
import { howToGetABroker } from "./broker/find_broker.ts";
import { findServerFolder, startPrivateNode } from "./broker/private_node.ts";
import { onInterrupt } from "./cleanup.ts";
import { inProject } from "./project.ts";

const { values } = parseArgs({ options: { port: { type: "string", default: "5672" } } });
const port = Number(values.port);
if (!Number.isInteger(port) || port < 1 || port > 55_535)
  fail(`Cannot use this port: ${values.port}`);
if (await isListening("127.0.0.1", port)) {
  const what = (await speaksAmqp("127.0.0.1", port)) ? "a broker" : "something else";
  fail(
    `Cannot start a broker on port ${port} as ${what} listens there already; choose another with --port N`,
  );
}

const folder = inProject(`.broker/${port}`);
let broker: Broker | undefined;
let stopping = false;
if (findServerFolder() !== undefined) {
  console.log(`starting rabbitmq-server, data in ${folder}`);
  const node = await startPrivateNode({ folder, port, keepFolder: true });
  void node.ended.then(() => {
    if (!stopping) fail(`The broker has ended by itself; its log is in ${folder}/logs`);
  });
  broker = node;
} else {
  broker = await startCompose({ project: "bgtasks", port, keepData: true });
}
if (broker === undefined) fail(`Cannot start a broker: ${howToGetABroker}`);

const started = broker;
// Holds the process up; a broker of docker compose is no child of ours.
const foreground = setInterval(() => {}, 2 ** 30);
onInterrupt(async () => {
  stopping = true;
  clearInterval(foreground);
  console.log("stopping the broker");
  await started.stop();
});
console.log(`broker ready: ${started.url}  (Ctrl-C stops it)`);

function fail(message: string): never {
  console.error(message);
  process.exit(1);
}
