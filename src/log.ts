import type { Logger } from "@logtape/logtape";
import { getLogger } from "@logtape/logtape";

/**
 * The logger of one part of the library: category `["bgtasks", part]`. LogTape writes nothing until the
 * application configures it.
 */
export function logger(part: "client" | "worker" | "amqp" | "tasks" | "serializers"): Logger {
  return getLogger(["bgtasks", part]);
}
