import type { DescribedTask } from "./described_task.ts";

/** A way to call a task, to copy. */
export interface CallExample {
  readonly name: "TypeScript" | "Command line" | "Python";
  readonly code: string;
}

/** How a task is called from TypeScript, from a shell and from Python with pika. */
export function callExamples(task: DescribedTask): readonly CallExample[] {
  return [
    { name: "TypeScript", code: typeScript(task) },
    { name: "Command line", code: shell(task) },
    { name: "Python", code: python(task) },
  ];
}

function typeScript({ route, file, sample }: DescribedTask): string {
  const args = [JSON.stringify(route), ...(sample === undefined ? [] : [json(sample)])];
  const module = JSON.stringify(file.startsWith(".") ? file : `./${file}`);
  return [
    'import { RPCClient } from "bgtasks";',
    'import type { TasksOf } from "bgtasks";',
    "",
    `const client = new RPCClient<TasksOf<typeof import(${module})>>();`,
    `const reply = await client.call(${args.join(", ")});`,
    "console.log(reply);",
    "await client.close();",
  ].join("\n");
}

/** On one line, or on several where that would be long. */
function json(value: unknown): string {
  const line = JSON.stringify(value);
  return line.length <= 50 ? line : JSON.stringify(value, null, 2);
}

function shell({ route, sample }: DescribedTask): string {
  const input = sample === undefined ? "" : ` ${quote(JSON.stringify(sample))}`;
  // What begins with a dash would be taken for an option.
  return `bgtasks call ${route.startsWith("-") ? "-- " : ""}${quote(route)}${input}`;
}

/** A word as shells take it, whatever is in it. */
function quote(word: string): string {
  return /^[\w./:@%+,-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}

function python({ route, sample }: DescribedTask): string {
  return `import json
import os
import uuid

import pika

url = os.environ.get("AMQP_URL", "amqp://guest:guest@localhost:5672/")
connection = pika.BlockingConnection(pika.URLParameters(url))
channel = connection.channel()


def on_reply(channel, method, properties, body):
    print(json.loads(body))
    channel.stop_consuming()


channel.basic_consume("amq.rabbitmq.reply-to", on_reply, auto_ack=True)
channel.basic_publish(
    exchange="",
    routing_key=${JSON.stringify(route)},
    body=json.dumps(${pythonLiteral(sample)}),
    properties=pika.BasicProperties(
        reply_to="amq.rabbitmq.reply-to",
        correlation_id=str(uuid.uuid4()),
        content_type="application/json",
    ),
)
channel.start_consuming()
connection.close()`;
}

/** JSON's texts and numbers are Python's too; its words are not. */
function pythonLiteral(value: unknown): string {
  if (value === null || value === undefined) return "None";
  if (typeof value === "boolean") return value ? "True" : "False";
  if (Array.isArray(value)) return `[${value.map(pythonLiteral).join(", ")}]`;
  if (typeof value !== "object") return JSON.stringify(value);
  const fields = Object.entries(value).map(
    ([name, field]) => `${JSON.stringify(name)}: ${pythonLiteral(field)}`,
  );
  return `{${fields.join(", ")}}`;
}
