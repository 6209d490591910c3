import process from "node:process";

/** What a process that serves is told when another one supervises it. */
export interface Supervision {
  /** Which of the processes it is, from 1. */
  readonly process: number;
  readonly processes: number;
  /** Whether task modules that cannot be imported are left out, as they will be repaired soon. */
  readonly watch: boolean;
}

/** A task module that could not be imported. */
export interface ModuleFailure {
  /** From the working directory, with line and column where they are known. */
  readonly place: string;
  readonly message: string;
}

/** What a process tells its supervisor. */
export type WorkerReport =
  | {
      readonly state: "loaded";
      /** What is known before anything is served, for people. */
      readonly banner: string;
      readonly routes: readonly string[];
      /** The absolute paths of the task modules, those that failed too. */
      readonly files: readonly string[];
      readonly failures: readonly ModuleFailure[];
    }
  | { readonly state: "ready" };

/** What a supervisor asks of a process. */
export type WorkerOrder = "drain";

const VARIABLE = "BGTASKS_SUPERVISION";

/** The environment of a process that is to be supervised. */
export function supervisedEnvironment(supervision: Supervision): NodeJS.ProcessEnv {
  return { ...process.env, [VARIABLE]: JSON.stringify(supervision) };
}

/** How this process is supervised; undefined when it is not. */
export function takeSupervision(): Supervision | undefined {
  const text = process.env[VARIABLE];
  // What a handler starts is not supervised.
  delete process.env[VARIABLE];
  if (text === undefined || process.send === undefined) return undefined;
  return JSON.parse(text) as Supervision;
}

/** Tells the supervisor, if there is one. */
export function report(message: WorkerReport): void {
  process.send?.(message);
}

/** Calls `drain` when the supervisor asks for it, or is gone. */
export function onDrainOrder(drain: () => void): void {
  process.on("message", (order: WorkerOrder) => {
    if (order === "drain") drain();
  });
  process.on("disconnect", drain);
}
