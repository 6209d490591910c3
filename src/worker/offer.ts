import { BgtasksError } from "../errors.ts";
import type { TaskRecord } from "../tasks/rpc_task.ts";
import type { TaskTable } from "../tasks/task_table.ts";
import type { ConsumerLink, Intake, Transport } from "../transport/transport.ts";
import type { TaskKind } from "./task_kind.ts";
import type { TaskServer } from "./task_server.ts";

/** The tasks of one kind that a worker serves. */
export class Offer<Task extends TaskRecord> {
  readonly #registrar: string;
  readonly #tasks: TaskTable<Task>;
  readonly #createKind: (transport: Transport, link: ConsumerLink) => TaskKind<Task>;
  #kind: TaskKind<Task> | undefined;

  /** @param registrar what registers such tasks, for messages */
  constructor(
    registrar: string,
    tasks: TaskTable<Task>,
    createKind: (transport: Transport, link: ConsumerLink) => TaskKind<Task>,
  ) {
    this.#registrar = registrar;
    this.#tasks = tasks;
    this.#createKind = createKind;
  }

  /** How many tasks there are. */
  get size(): number {
    return this.#tasks.size;
  }

  /** @throws BgtasksError with `code` `"invalid_task"` when a task waits for its handler */
  refuseUnfinished(): void {
    const [unfinished] = this.#tasks.unfinished;
    if (unfinished === undefined) return;
    const rule = `"${unfinished}" has options and no handler: ${this.#registrar}(route, options, handler)`;
    throw new BgtasksError("invalid_task", `Cannot start a worker as ${rule}`);
  }

  /** Serves every task. */
  serve(server: TaskServer, link: ConsumerLink, transport: Transport): Intake[] {
    if (this.size === 0) return [];
    const kind = this.#createKind(transport, link);
    this.#kind = kind;
    return [...this.#tasks].map((task) => server.serve(link, kind, this.#tasks, task));
  }

  async close(): Promise<void> {
    await this.#kind?.close();
  }
}
