import type { JobRow } from "./job_row.ts";

/** How Redis writes its log to the disk: once a second, or before it answers. */
export type Fsync = "everysec" | "always";

/** One line of the table. */
export interface JobRowEntry {
  readonly id: string;
  readonly title: string;
  /** The package whose version is shown; absent for our own sources. */
  readonly package?: string;
  /** What it stores jobs in; absent for the broker. */
  readonly redis?: Fsync;
  readonly load: () => Promise<JobRow>;
}

/** The rows, in the order of the table. */
export const jobRows: readonly JobRowEntry[] = [
  {
    id: "limit",
    title: "the limit: frames by hand",
    load: async () => (await import("./limit.ts")).limit,
  },
  {
    id: "bgtasks",
    title: "**bgtasks**",
    load: async () => (await import("./bgtasks.ts")).bgtasks,
  },
  {
    id: "amqplib",
    title: "amqplib by hand, `noDelay`",
    package: "amqplib",
    load: async () => (await import("./amqplib.ts")).amqplib,
  },
  {
    id: "rabbitmq-client",
    title: "rabbitmq-client, `noDelay`",
    package: "rabbitmq-client",
    load: async () => (await import("./rabbitmq_client.ts")).rabbitmqClient,
  },
  {
    id: "nestjs",
    title: "NestJS microservices",
    package: "@nestjs/microservices",
    load: async () => (await import("./nestjs.ts")).nestjs,
  },
  {
    id: "bullmq",
    title: "BullMQ, `appendfsync everysec`",
    package: "bullmq",
    redis: "everysec",
    load: async () => (await import("./bullmq.ts")).bullmq,
  },
  {
    id: "bullmq-always",
    title: "BullMQ, `appendfsync always`",
    package: "bullmq",
    redis: "always",
    load: async () => (await import("./bullmq.ts")).bullmq,
  },
];

/** The row of an id. */
export function findJobRow(id: string): JobRowEntry {
  const row = jobRows.find((row) => row.id === id);
  if (!row)
    throw new Error(`Cannot find the row ${id} among ${jobRows.map((row) => row.id).join(", ")}`);
  return row;
}
