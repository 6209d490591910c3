const node = [...new TextEncoder().encode("rabbit@host")];

/** Process ids of a node that no broker knows, in both forms of Erlang's external term format. */
export const newPid: readonly number[] = [
  ...[131, 88, 100, 0, node.length, ...node],
  ...[0, 0, 1, 2, 0, 0, 0, 0, 1, 2, 3, 4],
];
export const oldPid: readonly number[] = [
  ...[131, 103, 119, node.length, ...node],
  ...[0, 0, 1, 2, 0, 0, 0, 0, 3],
];

/** A direct reply-to name around this process id. */
export function directName(pid: readonly number[], key = "c2VjcmV0"): string {
  return `amq.rabbitmq.reply-to.${btoa(String.fromCharCode(...pid))}.${key}`;
}
