// A process of the benchmark: reads commands as lines of JSON, answers each with one.
import { findPayload } from "../payloads.ts";
import type { Client, Closeable } from "../rows/row.ts";
import { findRow } from "../rows/rows.ts";
import { answerCommands } from "./answer_commands.ts";
import { cpuTime } from "./cpu_time.ts";
import { drive } from "./drive.ts";
import { hold } from "./hold.ts";
import type { Command } from "./protocol.ts";

let client: Client | undefined;
const open: Closeable[] = [];

async function execute(command: Command): Promise<unknown> {
  switch (command.do) {
    case "open": {
      const row = await findRow(command.row).load();
      if (command.roles.includes("worker")) open.push(await row.openWorker(command.target));
      if (command.roles.includes("client")) {
        client = await row.openClient(command.target);
        open.unshift(client);
      }
      return undefined;
    }
    case "drive": {
      const { value } = findPayload(command.payload);
      return drive(ready(), value, command.inFlight, command.milliseconds);
    }
    case "hold":
      return hold(ready(), command.calls);
    case "cpu":
      return { cpu: cpuTime() };
    case "close":
      for (const part of open.splice(0)) await part.close();
      return undefined;
  }
}

function ready(): Client {
  if (!client) throw new Error("Cannot call as this process has no client");
  return client;
}

await answerCommands(execute);
