import type { Runtime } from "../../scripts/testing/runtime.ts";
import type { CPU, Drive, Held } from "../host/protocol.ts";
import type { Target } from "../rows/row.ts";
import type { RowEntry } from "../rows/rows.ts";
import { HostProcess } from "./host_process.ts";

/** Client and worker in one process or in two. */
export type Mode = "one" | "two";

/** A drive, with the CPU time of both sides where they are apart, in microseconds per call. */
export interface Sample extends Drive {
  readonly clientCPU: number | undefined;
  readonly workerCPU: number | undefined;
}

/** A row with its processes. */
export class Contender {
  readonly row: RowEntry;
  readonly #client: HostProcess;
  readonly #worker: HostProcess;

  private constructor(row: RowEntry, client: HostProcess, worker: HostProcess) {
    this.row = row;
    this.#client = client;
    this.#worker = worker;
  }

  /** Starts the processes of a row and connects them. */
  static async open(
    row: RowEntry,
    mode: Mode,
    runtime: Runtime,
    target: Target,
    host?: string,
  ): Promise<Contender> {
    const client = new HostProcess(runtime, [], host);
    const worker = mode === "one" ? client : new HostProcess(runtime, [], host);
    const contender = new Contender(row, client, worker);
    try {
      const open = { do: "open", row: row.id, target } as const;
      if (mode === "one") await client.ask({ ...open, roles: ["worker", "client"] });
      else {
        await worker.ask({ ...open, roles: ["worker"] });
        await client.ask({ ...open, roles: ["client"] });
      }
      return contender;
    } catch (error) {
      await contender.close();
      throw error;
    }
  }

  async drive(payload: string, inFlight: number, milliseconds: number): Promise<Sample> {
    const apart = this.#worker !== this.#client;
    const before = apart ? await this.#worker.ask<CPU>({ do: "cpu" }) : undefined;
    const drive = await this.#client.ask<Drive>({ do: "drive", payload, inFlight, milliseconds });
    const after = apart ? await this.#worker.ask<CPU>({ do: "cpu" }) : undefined;
    return {
      ...drive,
      clientCPU: apart ? drive.cpu / drive.calls : undefined,
      workerCPU: before && after ? (after.cpu - before.cpu) / drive.calls : undefined,
    };
  }

  hold(calls: number): Promise<Held> {
    return this.#client.ask<Held>({ do: "hold", calls });
  }

  async close(): Promise<void> {
    await this.#client.end();
    if (this.#worker !== this.#client) await this.#worker.end();
  }

  /** Ends the processes at once, as some libraries wait for calls that nobody answers. */
  async kill(): Promise<void> {
    await this.#client.kill();
    await this.#worker.kill();
  }
}
