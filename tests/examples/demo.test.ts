import assert from "node:assert/strict";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";

import { brokerURL, deleteQueue, needsBroker } from "../support/broker.ts";
import { runScript } from "../support/run_script.ts";

const main = fileURLToPath(new URL("../../examples/cities/main.ts", import.meta.url));

function checkOutput(stdout: string): void {
  assert.match(stdout, /All 135,233 cities/);
  assert.match(stdout, /\n135,233 rows · [\d,]+ rows\/s · \d+ calls · \d+ MB/);
  assert.match(stdout, /\nTokyo +8,336,599 +Japan +Tokyo +Asia\n/);
  assert.match(stdout, /14 countries: 1 call/);
}

describe("the demo", () => {
  it("runs without a broker, and writes every city with its country and its neighbours", async () => {
    const folder = await mkdtemp(join(tmpdir(), "bgtasks-demo-"));
    try {
      const out = join(folder, "cities.ndjson");
      const { exitCode, stdout, stderr } = await runScript(main, {
        args: ["--out", out],
        timeout: 100_000,
      });
      assert.equal(exitCode, 0, stderr);
      checkOutput(stdout);
      const lines = (await readFile(out, "utf8")).trimEnd().split("\n");
      assert.equal(lines.length, 135_233);
      assert.deepEqual(JSON.parse(lines[0] ?? ""), {
        name: "El Tarter",
        population: 1_052,
        country: {
          cca2: "AD",
          name: "Andorra",
          capital: "Andorra la Vella",
          region: "Europe",
          borders: [
            { cca3: "FRA", name: "France" },
            { cca3: "ESP", name: "Spain" },
          ],
        },
      });
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it("runs over RabbitMQ, with a worker process of its own", needsBroker, async () => {
    try {
      const environment = { AMQP_URL: brokerURL ?? "" };
      const { exitCode, stdout, stderr } = await runScript(main, { environment, timeout: 100_000 });
      assert.equal(exitCode, 0, stderr);
      checkOutput(stdout);
      assert.match(stdout, /a process of its own/);
    } finally {
      await deleteQueue("countries.byCode");
      await deleteQueue("countries.byAlpha3");
    }
  });
});
