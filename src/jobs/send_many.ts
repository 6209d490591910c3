import { BgtasksError } from "../errors.ts";
import { count, describeProblems, optionsOf } from "../options/option_rules.ts";
import { anything, must } from "../options/rules.ts";
import { describeThrown } from "../messages/printable.ts";
import type { JobSendOptions } from "./send_options.ts";

/** How many jobs are sent together. */
export interface JobSendManyOptions<Input = unknown> extends Omit<JobSendOptions, "id"> {
  /** The name of each job, from its input and its place in the list, counted from 0. @default {random UUIDs} */
  readonly id?: (input: Input, index: number) => string;
  /** How many jobs may wait for the broker's confirm at a time. @default {1_000} */
  readonly concurrency?: number;
}

/** Not every job was stored. `code` is `"not_all_sent"`. */
export class NotAllSentError extends BgtasksError {
  /** Stays the same in minified code. */
  override readonly name: string = "NotAllSentError";
  /** The jobs that the broker has, by the place of their input in the list, from 0. */
  readonly sent: ReadonlyMap<number, string>;
  /** Why others were not stored, by the place of their input. Inputs that are in neither were not sent. */
  readonly failures: ReadonlyMap<number, unknown>;

  /** Made by the library; a test may make one to let a double fail. */
  constructor(
    route: string,
    sent: ReadonlyMap<number, string>,
    failures: ReadonlyMap<number, unknown>,
  ) {
    const [[index, first] = [0, undefined]] = failures;
    const counts = `${sent.size} ${areOrIs(sent.size)} stored, ${failures.size} ${areOrIs(failures.size)} not`;
    super(
      "not_all_sent",
      `Cannot send all jobs to "${route}": ${counts}; the first failure is at index ${index}: ${describeThrown(first)}`,
    );
    this.sent = sent;
    this.failures = failures;
  }
}

/**
 * Sends the jobs of a list.
 *
 * @throws NotAllSentError when one was not stored; also when the list itself throws, which is the failure of its next place
 */
export async function sendMany<Input>(
  route: string,
  inputs: Iterable<Input> | AsyncIterable<Input>,
  options: JobSendManyOptions<never> = {},
  send: (input: Input, options: JobSendOptions) => Promise<{ readonly id: string }>,
): Promise<readonly { readonly id: string }[]> {
  checkOptions(route, inputs, options);
  const { id: nameOf, concurrency = 1_000, ...own } = options as JobSendManyOptions<Input>;
  const sent = new Map<number, string>();
  const failures = new Map<number, unknown>();
  let [next, out] = [0, 0];
  let onSettled: () => void = () => {};
  const isBelow = async (limit: number): Promise<void> => {
    while (out >= limit) await new Promise<void>((resolve) => (onSettled = resolve));
  };
  try {
    for await (const input of inputs) {
      const index = next;
      const named = nameOf ? { ...own, id: nameOf(input, index) } : own;
      next++;
      out++;
      void send(input, named)
        .then(
          ({ id }) => void sent.set(index, id),
          (error: unknown) => void failures.set(index, error),
        )
        .then(() => {
          out--;
          onSettled();
        });
      await isBelow(concurrency);
      if (failures.size > 0) break;
    }
  } catch (error) {
    failures.set(next, error);
  }
  await isBelow(1);
  if (failures.size > 0) throw new NotAllSentError(route, sent, failures);
  return Array.from({ length: next }, (_, index) => ({ id: sent.get(index) ?? "" }));
}

function areOrIs(count: number): string {
  return count === 1 ? "is" : "are";
}

function checkOptions(route: string, inputs: unknown, options: unknown): void {
  const isList =
    typeof inputs === "object" &&
    inputs !== null &&
    (Symbol.iterator in inputs || Symbol.asyncIterator in inputs);
  if (!isList)
    throw new BgtasksError(
      "invalid_options",
      `Cannot send jobs to "${route}", because the inputs must be a list or another iterable`,
    );
  const rules = optionsOf({
    id: must((id) => typeof id === "function", "must be a function of the input and its place"),
    concurrency: count(),
    // Checked for each job.
    ...Object.fromEntries(
      ["delay", "at", "expires", "timeout", "headers", "exchange", "within"].map((name) => [
        name,
        anything,
      ]),
    ),
  });
  const problems = describeProblems(rules, options);
  if (problems === undefined) return;
  throw new BgtasksError("invalid_options", `Cannot send jobs to "${route}": ${problems}`);
}
