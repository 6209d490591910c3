import type { Row } from "./row.ts";

/** One line of the table. */
export interface RowEntry {
  readonly id: string;
  readonly title: string;
  /** The package whose version is shown; absent for our own sources. */
  readonly package?: string;
  readonly load: () => Promise<Row>;
}

/** The rows, in the order of the table: what the others are compared with, this library, its peers. */
export const rows: readonly RowEntry[] = [
  {
    id: "limit",
    title: "the limit: frames by hand",
    package: "@cloudamqp/amqp-client",
    load: async () => (await import("./limit.ts")).limit,
  },
  {
    id: "bgtasks",
    title: "**bgtasks**",
    load: async () => (await import("./bgtasks.ts")).bgtasks,
  },
  {
    id: "amqplib",
    title: "amqplib by hand",
    package: "amqplib",
    load: async () => (await import("./amqplib.ts")).amqplib,
  },
  {
    id: "amqplib-nodelay",
    title: "amqplib by hand, `noDelay`",
    package: "amqplib",
    load: async () => (await import("./amqplib.ts")).amqplibNoDelay,
  },
  {
    id: "rabbitmq-client",
    title: "rabbitmq-client RPC",
    package: "rabbitmq-client",
    load: async () => (await import("./rabbitmq_client.ts")).rabbitmqClient,
  },
  {
    id: "rabbitmq-client-nodelay",
    title: "rabbitmq-client RPC, `noDelay`",
    package: "rabbitmq-client",
    load: async () => (await import("./rabbitmq_client.ts")).rabbitmqClientNoDelay,
  },
  {
    id: "nestjs",
    title: "NestJS microservices",
    package: "@nestjs/microservices",
    load: async () => (await import("./nestjs.ts")).nestjs,
  },
  {
    id: "moleculer",
    title: "Moleculer",
    package: "moleculer",
    load: async () => (await import("./moleculer.ts")).moleculer,
  },
  {
    id: "session-rpc",
    title: "amqp-client session RPC",
    package: "@cloudamqp/amqp-client",
    load: async () => (await import("./session_rpc.ts")).sessionRPC,
  },
];

/** Not in the table: for `bench/scaling.ts` and `bench/streams.ts`. */
const otherRows: readonly RowEntry[] = [
  {
    id: "bgtasks-compute",
    title: "bgtasks, a task that computes",
    load: async () => (await import("./compute.ts")).compute,
  },
  {
    id: "streams-limit",
    title: "streams: frames by hand",
    load: () => loadStreams("streamsLimit"),
  },
  {
    id: "streams-limit-iterated",
    title: "by hand, from an async generator into a loop",
    load: async () => {
      const { itemsOf, streamsLimit } = await import("./streams.ts");
      return streamsLimit(itemsOf, true);
    },
  },
  { id: "bgtasks-streams", title: "bgtasks, streams", load: () => loadStreams("streams") },
  {
    id: "grpc-streams",
    title: "gRPC, without a broker",
    package: "@grpc/grpc-js",
    load: async () =>
      (await import("./grpc.ts")).grpcStreams((await import("./streams.ts")).fewItemsOf),
  },
  {
    id: "nestjs-streams",
    title: "NestJS, an observable",
    package: "@nestjs/microservices",
    load: async () =>
      (await import("./nestjs.ts")).nestjsStreams((await import("./streams.ts")).fewItemsOf),
  },
  {
    id: "first-item-limit",
    title: "one item by hand",
    load: () => loadStreams("streamsLimit", true),
  },
  {
    id: "bgtasks-first-item",
    title: "bgtasks, one item",
    load: () => loadStreams("streams", true),
  },
];

async function loadStreams(kind: "streams" | "streamsLimit", isOne = false): Promise<Row> {
  const module = await import("./streams.ts");
  return module[kind](isOne ? module.oneItem : module.itemsOf);
}

/** The row of an id. */
export function findRow(id: string): RowEntry {
  const row = [...rows, ...otherRows].find((row) => row.id === id);
  if (!row)
    throw new Error(`Cannot find the row ${id} among ${rows.map((row) => row.id).join(", ")}`);
  return row;
}
