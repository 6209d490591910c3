import type { JSONSchema } from "../schemas/json_schema.ts";
import type { DescribedTask } from "./described_task.ts";
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
 * An AsyncAPI document of tasks: a channel and an operation for each, and one channel for the replies.
 *
 * @see https://www.asyncapi.com/docs/reference/specification/v3.0.0
 */
export function asyncAPI(info: ProjectInfo, tasks: readonly DescribedTask[]): Part {
  const keys = uniqueKeys(tasks.map(({ route }) => route));
  const named = tasks.map((task, index) => ({ task, key: keys[index] ?? task.route }));
  const each = (part: (task: DescribedTask, key: string) => Part): Part =>
    Object.fromEntries(named.map(({ task, key }) => [key, part(task, key)]));
  const schemas = named.flatMap(({ task, key }) => [
    [`${key}.input`, schemaPart(task.input?.jsonSchema, `${key}.input`)],
    [`${key}.output`, schemaPart(task.output?.jsonSchema, `${key}.output`)],
  ]);
  return {
    asyncapi: "3.0.0",
    info: { description: "Remote calls over RabbitMQ, as bgtasks makes them.", ...info },
    defaultContentType: "application/json",
    channels: {
      ...each(channel),
      [REPLIES]: {
        address: null,
        title: "The queue that a request names in its property reply_to",
        messages: { ...each(replyMessage), [FAILED]: FAILURE },
      },
    },
    operations: each(operation),
    components: { schemas: Object.fromEntries(schemas) as Part },
  };
}

/** The channel of all replies, and its message for failures. No route's key begins so. */
const [REPLIES, FAILED] = ["-replies", "-failure"];

function channel({ route, input, sample, options }: DescribedTask, key: string): Part {
  const examples = sample === undefined ? {} : { examples: [{ payload: sample }] };
  return {
    address: route,
    messages: {
      request: {
        name: "request",
        ...(input ? {} : { description: "The input is not checked." }),
        contentType: "application/json",
        correlationId: { location: "$message.header#/correlation_id" },
        payload: ref("components", "schemas", `${key}.input`),
        ...examples,
      },
    },
    bindings: {
      amqp: {
        is: "queue",
        queue: {
          name: route,
          durable: options.queue?.durable ?? true,
          exclusive: false,
          autoDelete: false,
        },
        bindingVersion: "0.3.0",
      },
    },
  };
}

function operation({ file, options }: DescribedTask, key: string): Part {
  const { concurrency, timeout, description } = options;
  return {
    action: "receive",
    summary: description ?? `Defined in ${file}.`,
    ...(description === undefined ? {} : { description: `Defined in ${file}.` }),
    channel: ref("channels", key),
    messages: [ref("channels", key, "messages", "request")],
    reply: {
      address: { location: "$message.header#/reply_to" },
      channel: ref("channels", REPLIES),
      messages: [
        ref("channels", REPLIES, "messages", key),
        ref("channels", REPLIES, "messages", FAILED),
      ],
    },
    ...(concurrency === undefined ? {} : { "x-concurrency": concurrency }),
    ...(timeout === undefined ? {} : { "x-timeout": timeout }),
  };
}

function replyMessage({ route, output }: DescribedTask, key: string): Part {
  return {
    name: "reply",
    title: `The reply of ${route}`,
    ...(output ? {} : { description: "The output is not described." }),
    contentType: "application/json",
    correlationId: { location: "$message.header#/correlation_id" },
    payload: ref("components", "schemas", `${key}.output`),
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
