import { inProject } from "../project.ts";
import { runCommand } from "../run_command.ts";
import type { Broker } from "./broker.ts";
import { freePorts } from "./free_ports.ts";

export interface ComposeOptions {
  /** Name of the compose project, so that development and tests do not share a broker. */
  readonly project: string;
  /** AMQP port on 127.0.0.1. @default a free one */
  readonly port?: number;
  /** Keep the data volume when it stops. @default false */
  readonly keepData?: boolean;
}

/** Starts the broker of docker-compose.yml; `undefined` when there is no docker compose or it fails. */
export async function startCompose({
  project,
  port,
  keepData = false,
}: ComposeOptions): Promise<Broker | undefined> {
  const version = await runCommand("docker", ["compose", "version"]);
  if (version.code !== 0) return undefined;
  const [freePort = 0, managementPort = 0] = await freePorts(2);
  const amqpPort = port ?? freePort;
  const env = {
    ...process.env,
    BGTASKS_BROKER_PORT: String(amqpPort),
    BGTASKS_MANAGEMENT_PORT: String(port === undefined ? managementPort : port + 10_000),
  };
  const compose = (...args: string[]) =>
    runCommand(
      "docker",
      ["compose", "-p", project, "-f", inProject("docker-compose.yml"), ...args],
      { env, show: true },
    );
  const stop = async (): Promise<void> => {
    await compose("down", ...(keepData ? [] : ["--volumes"]));
  };
  const up = await compose("up", "--detach", "--wait");
  if (up.code !== 0) {
    await stop();
    return undefined;
  }
  return { url: `amqp://guest:guest@127.0.0.1:${amqpPort}`, origin: "docker compose", stop };
}
