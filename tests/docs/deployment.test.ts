import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";

import { parse } from "yaml";

import { RPCClient } from "../../mod.ts";
import { workerCommand } from "../../src/cli/worker/worker_command.ts";
import { freePorts } from "../../scripts/broker/free_ports.ts";
import { brokerURL, deleteQueue, needsBroker } from "../support/broker.ts";
import { scriptCommand } from "../support/run_script.ts";
import { waitFor } from "../support/wait_for.ts";
import { readBlocks, readDocument, readSnippets, snippetFolder } from "./markdown_snippets.ts";

const PAGE = "docs/deployment.md";
const DRAIN_SECONDS = 30;

/** A task that ends when a file says so, so that a test knows when its handler runs. */
const tasks = (route: string, release: string): string => `
  import { existsSync } from "node:fs";
  import { rpcTasks } from "bgtasks";
  rpcTasks("${route}", async () => {
    while (!existsSync(${JSON.stringify(release)})) await new Promise((resolve) => setTimeout(resolve, 10));
    return "done";
  });
`;

describe("docs/deployment.md", () => {
  it("has a service that answers probes, and drains when told to stop", needsBroker, async () => {
    const folder = snippetFolder();
    await mkdir(folder, { recursive: true });
    const route = `test.${crypto.randomUUID()}`;
    const [service] = readSnippets(PAGE).filter(({ file }) => file === "service.ts");
    await writeFile(join(folder, "service.ts"), service?.code ?? "");
    await writeFile(join(folder, "tasks.ts"), tasks(route, join(folder, "release")));
    const [port = 0] = await freePorts(1);
    const [command, args] = scriptCommand(join(folder, "service.ts"));
    const environment = { AMQP_URL: brokerURL ?? "", HEALTH_PORT: String(port) };
    const child = spawn(command, args, {
      // In the folder, so that no tasks but these are found; what runs it is found from there, too.
      cwd: folder,
      env: { ...process.env, ...environment },
      stdio: ["ignore", "ignore", "inherit"],
    });
    const exited = new Promise<number | null>((resolve) => child.once("exit", resolve));
    const client = new RPCClient({ settings: { url: brokerURL, environment: "" } });
    const probe = async (path: string): Promise<{ status: number; running?: number }> => {
      const response = await fetch(`http://127.0.0.1:${port}${path}`).catch(() => undefined);
      if (!response) return { status: 0 };
      return { ...((await response.json()) as object), status: response.status };
    };
    try {
      await waitFor(async () => (await probe("/ready")).status === 200, "the probe's 200", 30_000);
      const call = client.call(route, null, { timeout: 20_000, retry: true });
      await waitFor(async () => (await probe("/live")).running === 1, "a running handler");
      process.kill(child.pid ?? 0, "SIGTERM");
      await writeFile(join(folder, "release"), "");
      assert.equal(await call, "done");
      assert.equal(await exited, 0);
    } finally {
      child.kill("SIGKILL");
      await client.close();
      await deleteQueue(route);
      await rm(folder, { recursive: true });
    }
  });

  it("has YAML that can be read, with time to drain", () => {
    const [compose, deployment] = readBlocks(PAGE, "yaml").map((text) => parse(text));
    const { stop_grace_period: period } = compose.services["images-worker"];
    assert.ok(Number.parseInt(period, 10) > DRAIN_SECONDS, period);
    const { spec } = deployment.spec.template;
    assert.ok(spec.terminationGracePeriodSeconds > DRAIN_SECONDS);
    const [{ ports, readinessProbe, livenessProbe }] = spec.containers;
    for (const { httpGet } of [readinessProbe, livenessProbe])
      assert.equal(httpGet.port, ports[0].name);
  });

  it("says the same drain timeout everywhere", () => {
    const page = readDocument(PAGE);
    const said = [...page.matchAll(/drain-timeout"?,? "?(\d+)s|drainTimeout: (\d+)_000/g)];
    assert.deepEqual(
      said.map(([, seconds, thousands]) => Number(seconds ?? thousands)),
      [DRAIN_SECONDS, DRAIN_SECONDS, DRAIN_SECONDS],
    );
    assert.equal(Number(/^TimeoutStopSec=(\d+)$/m.exec(page)?.[1]) > DRAIN_SECONDS, true);
  });

  it("starts the worker with options that it has", () => {
    const [dockerfile = ""] = readBlocks(PAGE, "dockerfile");
    const [unit = ""] = readBlocks(PAGE, "ini");
    const inDocker = JSON.parse(/^CMD (.+)$/m.exec(dockerfile)?.[1] ?? "") as string[];
    const inSystemd = /^ExecStart=(.+)$/m.exec(unit)?.[1]?.split(" ") ?? [];
    for (const [program, command, ...options] of [inDocker, inSystemd]) {
      assert.match(program ?? "", /node_modules\/\.bin\/bgtasks$/);
      assert.equal(command, "worker");
      assert.deepEqual(workerCommand(import.meta.url).parseOptions(options), {
        operands: [],
        unknown: [],
      });
    }
  });

  const systemd = spawnSync("systemd-analyze", ["--version"], { stdio: "ignore" }).status === 0;
  it("has a unit that systemd takes", { skip: systemd ? false : "needs systemd" }, async () => {
    const folder = await mkdtemp(join(tmpdir(), "bgtasks-unit-"));
    try {
      const [unit = ""] = readBlocks(PAGE, "ini");
      const file = join(folder, "images-worker.service");
      // The program is not on this machine.
      await writeFile(file, unit.replace(/^ExecStart=\S+/m, "ExecStart=/bin/true"));
      const { status, stderr } = spawnSync("systemd-analyze", ["verify", "--man=no", file], {
        encoding: "utf8",
      });
      assert.equal(status, 0, stderr);
      assert.doesNotMatch(stderr, /images-worker\.service/);
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});
