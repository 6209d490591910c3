// Where a call's time goes on Node: profiles client and worker, each in its process, and adds up by stage.
//   npm run bench -- profile [50B|2KB|100KB] [calls in flight] [row]
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { currentRuntime } from "../scripts/testing/runtime.ts";
import type { Drive } from "./host/protocol.ts";
import { type CPUProfile, toStages } from "./report/stages.ts";
import { HostProcess } from "./runner/host_process.ts";
import { withRoutes } from "./runner/with_routes.ts";

const [payload = "50B", inFlight = "100", row = "bgtasks"] = process.argv.slice(2);
const folder = mkdtempSync(join(tmpdir(), "bgtasks-profile-"));

function start(side: string): HostProcess {
  const flags = ["--cpu-prof", `--cpu-prof-dir=${join(folder, side)}`, "--cpu-prof-interval=200"];
  return new HostProcess(currentRuntime(), flags);
}

function read(side: string): CPUProfile {
  const [file = ""] = readdirSync(join(folder, side));
  return JSON.parse(readFileSync(join(folder, side, file), "utf8")) as CPUProfile;
}

try {
  await withRoutes(1, async (url, [route = ""]) => {
    const sides = { worker: start("worker"), client: start("client") } as const;
    const open = { do: "open", row, target: { url, route, prefetch: 500 } } as const;
    await sides.worker.ask({ ...open, roles: ["worker"] });
    await sides.client.ask({ ...open, roles: ["client"] });
    const drive = {
      do: "drive",
      payload,
      inFlight: Number(inFlight),
      milliseconds: 6_000,
    } as const;
    const { callsPerSecond, calls } = await sides.client.ask<Drive>(drive);
    await sides.client.leave();
    await sides.worker.leave();
    console.log(
      `${row}, ${payload}, ${inFlight} in flight: ${Math.round(callsPerSecond)} calls/s while profiled`,
    );
    for (const side of ["client", "worker"]) {
      console.log(`\n${side}: microseconds per call`);
      for (const { stage, microseconds } of toStages(read(side)))
        console.log(`${(microseconds / calls).toFixed(2).padStart(7)}  ${stage}`);
    }
  });
} finally {
  rmSync(folder, { recursive: true, force: true });
}
