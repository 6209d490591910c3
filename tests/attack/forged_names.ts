import { uint } from "../support/amqp_bytes.ts";
import type { Random } from "./random.ts";

/** Direct reply-to names in the right form, of processes that no broker has, at a few nodes that do not exist. */
export function forgedNames(random: Random, count: number): readonly string[] {
  const nodes = ["reply@1", "reply@123456", "rabbit@host"];
  return Array.from({ length: count }, (_, i) => {
    const node = Buffer.from(nodes[i % nodes.length] ?? "");
    // https://www.erlang.org/doc/apps/erts/erl_ext_dist.html: NEW_PID_EXT.
    const pid = Buffer.concat([
      Buffer.of(131, 88, 119, node.length),
      node,
      ...[uint(32, random.int(1, 2 ** 20)), uint(32, 0), uint(32, i + 1)],
    ]);
    const key = Buffer.from(random.bytes(9)).toString("base64");
    return `amq.rabbitmq.reply-to.${pid.toString("base64")}.${key}`;
  });
}
