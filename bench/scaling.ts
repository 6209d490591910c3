// A task that only computes: two worker processes against one, on a machine that has two cores to give.
import { currentRuntime } from "../scripts/testing/runtime.ts";
import { RPCClient } from "../mod.ts";
import { drive } from "./host/drive.ts";
import { quartiles } from "./report/quartiles.ts";
import { HostProcess } from "./runner/host_process.ts";
import { withRoutes } from "./runner/with_routes.ts";

const GOAL = 1.7;
const ROUNDS = 7;

await withRoutes(1, async (url, [route = ""]) => {
  const workers = [new HostProcess(currentRuntime()), new HostProcess(currentRuntime())];
  const client = new RPCClient({ settings: { url } });
  const target = {
    call: (input: unknown) => client.call(route, input),
    close: () => client.close(),
  };
  const open = {
    do: "open",
    row: "bgtasks-compute",
    roles: ["worker"],
    // A prefetch this small shares the requests out; one worker with all of them would compute alone.
    target: { url, route, prefetch: 4 },
  } as const;
  const ratios: number[] = [];
  try {
    for (let round = -1; round < ROUNDS; round++) {
      const [first, second] = workers;
      await first?.ask(open);
      const alone = await drive(target, { count: 4 }, 16, 1_000);
      await second?.ask(open);
      const together = await drive(target, { count: 4 }, 16, 1_000);
      for (const worker of workers) await worker.ask({ do: "close" });
      if (round >= 0) ratios.push(together.callsPerSecond / alone.callsPerSecond);
    }
  } finally {
    await client.close();
    for (const worker of workers) await worker.end();
  }
  const { median, low, high } = quartiles(ratios);
  console.log(
    `two workers: ${median.toFixed(2)} × one (${low.toFixed(2)}–${high.toFixed(2)}), goal at least ${GOAL}`,
  );
});
