import type { JSONSchema } from "../schemas/json_schema.ts";
import { jobQueueName } from "../../jobs/job_queues.ts";
import type { DescribedJob, DescribedTask } from "./described_task.ts";
import type { ProjectInfo } from "./project_info.ts";

/** A plain object of an AsyncAPI document. */
type Part = Readonly<Record<string, unknown>>;

/** What a worker answers when it cannot answer as the task would: docs/wire.md tells more. */
const FAILURE = {
  name: "failure",
  title: "What the framework answers when a request fails",
  contentType: "application/json",
  headers: {
    type: "object",
    required: ["bgtasks-error"],
    properties: { "bgtasks-error": { type: "string", description: "What went wrong, as a code." } },
  },
  payload: {
    type: "object",
    required: ["status", "data"],
    properties: { status: { const: "fail" }, data: {} },
  },
} as const;

/**
 * An AsyncAPI document of tasks and jobs: a channel and an operation for each, and one channel for the replies to tasks.
 *
 * @see https://www.asyncapi.com/docs/reference/specification/v3.0.0
 */
export function asyncAPI(
  info: ProjectInfo,
  tasks: readonly DescribedTask[],
  jobs: readonly DescribedJob[] = [],
): Part {
  const queues = jobs.map(({ route }) => jobQueueName(route));
  const keys = uniqueKeys([...tasks.map(({ route }) => route), ...queues]);
  const named = tasks.map((task, index) => ({ task, key: keys[index] ?? task.route }));
  const sent = jobs.map((job, index) => ({ job, key: keys[tasks.length + index] ?? job.route }));
  const eachJob = (part: (job: DescribedJob, key: string) => Part): Part =>
    Object.fromEntries(sent.map(({ job, key }) => [key, part(job, key)]));
  const each = (part: (task: DescribedTask, key: string) => Part): Part =>
    Object.fromEntries(named.map(({ task, key }) => [key, part(task, key)]));
  const schemas = [
    ...named.flatMap(({ task, key }) => {
      const output = task.yields ?? task.output;
      return [
        [`${key}.input`, schemaPart(task.input?.jsonSchema, `${key}.input`)],
        [`${key}.output`, schemaPart(output?.jsonSchema, `${key}.output`)],
      ];
    }),
    ...sent.map(({ job, key }) => [
      `${key}.input`,
      schemaPart(job.input?.jsonSchema, `${key}.input`),
    ]),
  ];
  return {
    asyncapi: "3.0.0",
    info: { description: "Remote calls and jobs over RabbitMQ, as bgtasks makes them.", ...info },
    defaultContentType: "application/json",
    channels: {
      ...each(channel),
      ...eachJob(jobChannel),
      [REPLIES]: {
        address: null,
        title: "The queue that a request names in its property reply_to",
        messages: { ...each(replyMessage), [FAILED]: FAILURE },
      },
    },
    operations: { ...each(operation), ...eachJob(jobOperation) },
    components: { schemas: Object.fromEntries(schemas) as Part },
  };
}

/** The channel of all replies, and its message for failures. No route's key begins so. */
const [REPLIES, FAILED] = ["-replies", "-failure"];

function channel(task: DescribedTask, key: string): Part {
  const { route, options } = task;
  const correlationId = { location: "$message.header#/correlation_id" };
  return {
    address: route,
    messages: { request: { ...inputMessage("request", task, key), correlationId } },
    bindings: queueBinding(route, options.queue?.durable ?? true),
  };
}

function jobChannel(job: DescribedJob, key: string): Part {
  const queue = jobQueueName(job.route);
  return {
    address: queue,
    messages: { job: inputMessage("job", job, key) },
    bindings: queueBinding(queue, true),
  };
}

/** The message that brings an input. */
function inputMessage(
  name: string,
  { input, sample }: Pick<DescribedJob, "input" | "sample">,
  key: string,
): Part {
  return {
    name,
    ...(input ? {} : { description: "The input is not checked." }),
    contentType: "application/json",
    payload: ref("components", "schemas", `${key}.input`),
    ...(sample === undefined ? {} : { examples: [{ payload: sample }] }),
  };
}

function queueBinding(name: string, durable: boolean): Part {
  const queue = { name, durable, exclusive: false, autoDelete: false };
  return { amqp: { is: "queue", queue, bindingVersion: "0.3.0" } };
}

function operation(task: DescribedTask, key: string): Part {
  return {
    ...receive(task, key, "request"),
    reply: {
      address: { location: "$message.header#/reply_to" },
      channel: ref("channels", REPLIES),
      messages: [
        ref("channels", REPLIES, "messages", key),
        ref("channels", REPLIES, "messages", FAILED),
      ],
    },
    ...(task.yields ? { "x-stream": true } : {}),
  };
}

/** A job has no reply: its sender knows that it is stored. */
function jobOperation(job: DescribedJob, key: string): Part {
  const { retry, exchange } = job.options;
  return {
    ...receive(job, key, "job"),
    "x-retry": typeof retry === "function" ? "function" : retry,
    ...(exchange === undefined ? {} : { "x-exchange": exchange }),
  };
}

function receive(
  { file, options }: DescribedTask | DescribedJob,
  key: string,
  message: string,
): Part {
  const { concurrency, timeout, description } = options;
  return {
    action: "receive",
    summary: description ?? `Defined in ${file}.`,
    ...(description === undefined ? {} : { description: `Defined in ${file}.` }),
    channel: ref("channels", key),
    messages: [ref("channels", key, "messages", message)],
    ...(concurrency === undefined ? {} : { "x-concurrency": concurrency }),
    ...(timeout === undefined ? {} : { "x-timeout": timeout }),
  };
}

function replyMessage({ route, output, yields }: DescribedTask, key: string): Part {
  const schema = ref("components", "schemas", `${key}.output`);
  return {
    name: "reply",
    title: `The reply of ${route}`,
    ...(yields
      ? { description: "The next items of a stream, or all of them for who only calls." }
      : {}),
    ...(output || yields ? {} : { description: "The output is not described." }),
    contentType: "application/json",
    correlationId: { location: "$message.header#/correlation_id" },
    payload: yields ? { type: "array", items: schema } : schema,
  };
}

/** A schema at its place in the document, to which its references have to lead. */
function schemaPart(schema: JSONSchema | undefined, name: string): Part {
  const place = pointer("components", "schemas", name);
  const move = (node: unknown): unknown => {
    if (Array.isArray(node)) return node.map(move);
    if (typeof node !== "object" || node === null) return node;
    return Object.fromEntries(
      Object.entries(node)
        .filter(([key]) => key !== "$schema")
        .map(([key, value]) =>
          key === "$ref" && typeof value === "string" && value.startsWith("#")
            ? [key, `${place}${value.slice(1)}`]
            : [key, move(value)],
        ),
    );
  };
  return move(schema ?? {}) as Part;
}

/** Names of routes as keys, which take only some characters: https://www.asyncapi.com/docs/reference/specification/v3.0.0#componentsObject */
function uniqueKeys(routes: readonly string[]): string[] {
  // Programs that read the document may put its keys into plain objects.
  const taken = new Set(["__proto__"]);
  return routes.map((route) => {
    const plain = route.replaceAll(/[^\w.-]/g, "_").replace(/^-/, "_");
    let key = plain;
    for (let count = 2; taken.has(key); count++) key = `${plain}-${count}`;
    taken.add(key);
    return key;
  });
}

function ref(...path: readonly string[]): Part {
  return { $ref: pointer(...path) };
}

function pointer(...path: readonly string[]): string {
  return `#/${path.map((name) => name.replaceAll("~", "~0").replaceAll("/", "~1")).join("/")}`;
}
