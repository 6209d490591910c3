import type { DescribedJob, DescribedTask } from "./described_task.ts";

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

/** How a job is sent from TypeScript and from a shell. */
export function sendExamples(job: DescribedJob): readonly CallExample[] {
  const send = [`const { id } = await client.send(${argumentsOf(job)});`, "console.log(id);"];
  return [
    { name: "TypeScript", code: program("JobClient", job, send) },
    { name: "Command line", code: shell(job, "jobs send") },
  ];
}

function typeScript(task: DescribedTask): string {
  const args = argumentsOf(task);
  const lines = task.yields
    ? [`for await (const item of client.stream(${args})) console.log(item);`]
    : [`const reply = await client.call(${args});`, "console.log(reply);"];
  return program("RPCClient", task, lines);
}

function program(client: string, { file }: DescribedJob | DescribedTask, lines: string[]): string {
  const module = JSON.stringify(file.startsWith(".") ? file : `./${file}`);
  return [
    `import { ${client} } from "bgtasks";`,
    'import type { TasksOf } from "bgtasks";',
    "",
    `const client = new ${client}<TasksOf<typeof import(${module})>>();`,
    ...lines,
    "await client.close();",
  ].join("\n");
}

function argumentsOf({ route, sample }: DescribedJob | DescribedTask): string {
  return [JSON.stringify(route), ...(sample === undefined ? [] : [json(sample)])].join(", ");
}

/** On one line, or on several where that would be long. */
function json(value: unknown): string {
  const line = JSON.stringify(value);
  return line.length <= 50 ? line : JSON.stringify(value, null, 2);
}

function shell({ route, sample }: DescribedJob | DescribedTask, command = "call"): string {
  const input = sample === undefined ? "" : ` ${quote(JSON.stringify(sample))}`;
  // What begins with a dash would be taken for an option.
  return `bgtasks ${command} ${route.startsWith("-") ? "-- " : ""}${quote(route)}${input}`;
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
