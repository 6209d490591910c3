import { type Client, HANG } from "../rows/row.ts";
import type { Held } from "./protocol.ts";

/** Makes calls that nobody answers, and tells what each of them keeps in memory. */
export async function hold(client: Client, calls: number): Promise<Held> {
  // The connection's own buffers and the first call's code are not the calls'.
  for (let i = 0; i < 200; i++) await client.call({ id: i });
  const before = await usedMemory();
  let settled = 0;
  const count = (): void => void settled++;
  for (let i = 0; i < calls; i++) void client.call(HANG).then(count, count);
  const after = await usedMemory();
  if (settled > 0) throw new Error(`Cannot measure pending calls as ${settled} of them settled`);
  return { bytesPerCall: (after - before) / calls };
}

/** Bytes in use once everything is written and collected. */
async function usedMemory(): Promise<number> {
  for (let i = 0; i < 3; i++) {
    await new Promise((resolve) => setTimeout(resolve, 300));
    collect();
  }
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

function collect(): void {
  const { Bun, gc } = globalThis as { Bun?: { gc(force: boolean): void }; gc?: () => void };
  if (Bun) return Bun.gc(true);
  if (!gc) throw new Error("Cannot measure memory as the runtime was started without --expose-gc");
  gc();
}
