/** A process id of a node, named as RabbitMQ names nodes here, in the form that Erlang writes today. */
export function pidOf(node: string): readonly number[] {
  const name = new TextEncoder().encode(node);
  return [131, 88, 100, 0, name.length, ...name, 0, 0, 1, 2, 0, 0, 0, 0, 1, 2, 3, 4];
}

/** No broker knows this node. */
const node = "reply@1234567";

/** Process ids of a node that no broker knows, in both forms of Erlang's external term format. */
export const newPid: readonly number[] = pidOf(node);
export const oldPid: readonly number[] = [
  ...[131, 103, 119, node.length, ...new TextEncoder().encode(node)],
  ...[0, 0, 1, 2, 0, 0, 0, 0, 3],
];

/** A direct reply-to name around this process id. */
export function directName(pid: readonly number[], key = "c2VjcmV0"): string {
  return `amq.rabbitmq.reply-to.${btoa(String.fromCharCode(...pid))}.${key}`;
}
