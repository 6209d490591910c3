import process from "node:process";

import { Command, InvalidArgumentError, Option } from "commander";

import { RPCClient } from "../../client/rpc_client.ts";
import type { Settings } from "../../settings/settings.ts";
import { isLoopback, resolveSettings } from "../../settings/settings.ts";

import { RPCStatus } from "../../envelope/status.ts";
import { RPCResponse } from "../../envelope/response.ts";
import type { Failure } from "../project/explain_failure.ts";
import { explainFailure } from "../project/explain_failure.ts";
import { readJSONInput, refuseParts } from "../terminal/json_input.ts";
import { printStream } from "./print_stream.ts";
import { CommandFailure, ExitCode } from "../terminal/exit_code.ts";
import { loadTasks } from "../project/load_tasks.ts";
import { jsonOption, parseTimeout, tasksOption, urlOption } from "../terminal/options.ts";
import { print, printAside } from "../terminal/output.ts";
import { paintFor } from "../terminal/paint.ts";
import { prettyJSON } from "../terminal/pretty_json.ts";

interface CallCommandOptions {
  readonly timeout?: number;
  readonly header: Readonly<Record<string, string>>;
  readonly url?: string;
  readonly tasks?: readonly string[];
  readonly json?: boolean;
  readonly stream?: boolean;
}

/** What came of a call, and how long it took. */
interface CallResult {
  readonly milliseconds: number;
  readonly reply?: unknown;
  readonly failure?: Failure;
}

/** `bgtasks call` */
export function callCommand(): Command {
  return (
    new Command("call")
      .description("Call a task and print its reply.")
      .argument("<route>", "the task's route")
      .argument("[json]", "the input as JSON; - reads it from standard input", undefined)
      // For a better word than "too many": shells split what is not quoted.
      .allowExcessArguments()
      .option(
        "-T, --timeout <time>",
        "how long to wait, e.g. 500ms, 5s or 2m (default: the setting rpcTimeout, 60s)",
        parseTimeout,
      )
      .option(
        "-H, --header <name=value>",
        "sent along, for the handler; may be given several times",
        addHeader,
        {},
      )
      .addOption(
        new Option(
          "--stream",
          "take the items of the result as they come, a line of JSON for each",
        ).conflicts("json"),
      )
      .addOption(urlOption())
      .addOption(tasksOption())
      .addOption(jsonOption())
      .addHelpText(
        "after",
        `
Examples:
  $ bgtasks call images.byIds '[1, 2]'
  $ bgtasks call users.add - --timeout 5s --header request-id=42 < user.json
  $ bgtasks call images.byIds '[1, 2]' --json | jq .reply.data
  $ bgtasks call orders.changes '{"after": 0}' --stream | jq .id

The reply goes to standard output, the time it took to standard error. With ENVIRONMENT=test the
tasks found here answer, without a broker; --tasks tells where they are.
Exit codes: 0 replied, 1 failed or the reply's status is "fail", 2 wrong usage or no JSON,
3 no broker, 4 no such route, 5 no reply in time.`,
      )
      .action(run)
  );
}

async function run(
  route: string,
  json: string | undefined,
  options: CallCommandOptions,
  { args }: Command,
): Promise<void> {
  refuseParts("call", args);
  const input = await readJSONInput(json);
  // Whoever waits at a terminal wants to know at once that there is no broker.
  const explicit: Settings = { url: options.url, reconnect: { attempts: 1 } };
  if (isLoopback(resolveSettings(explicit))) await loadTasks(options.tasks);
  if (options.stream) process.exit(await printStream(route, input, explicit, options));
  const result = await call(route, input, explicit, options);
  if (options.json) await printJSON(route, result);
  else await printForPeople(result);
  process.exit(exitCode(result));
}

async function call(
  route: string,
  input: unknown,
  explicit: Settings,
  { timeout, header }: CallCommandOptions,
): Promise<CallResult> {
  await using client = new RPCClient({ settings: explicit });
  // The time that connecting takes does not belong to the call.
  let start = performance.now();
  let connected = false;
  client.onStatus(({ state }) => {
    if (state !== "ready") return;
    start = performance.now();
    connected = true;
  });
  const took = (): number => Math.round((performance.now() - start) * 10) / 10;
  try {
    const reply = await client.call(route, input, { timeout, headers: header });
    return { milliseconds: took(), reply };
  } catch (error) {
    const milliseconds = took();
    const failure = explainFailure(error, resolveSettings(explicit), connected);
    return { milliseconds, failure };
  }
}

async function printForPeople({ milliseconds, reply, failure }: CallResult): Promise<void> {
  if (failure) throw new CommandFailure(failure.exitCode, failure.message);
  await print(prettyJSON(reply, paintFor(process.stdout)));
  const paint = paintFor(process.stderr);
  const time = paint("dim", `${milliseconds} ms`);
  await printAside(isFail(reply) ? `${paint("yellow", 'status "fail"')} ${time}` : time);
}

async function printJSON(
  route: string,
  { milliseconds, reply, failure }: CallResult,
): Promise<void> {
  const outcome = failure ? { ok: false, error: failure.error } : { ok: !isFail(reply), reply };
  await print(JSON.stringify({ route, milliseconds, ...outcome }));
}

function exitCode({ reply, failure }: CallResult): ExitCode {
  if (failure) return failure.exitCode;
  return isFail(reply) ? ExitCode.FAILED : ExitCode.OK;
}

function isFail(reply: unknown): boolean {
  return RPCResponse.is(reply) && !RPCStatus.isSuccess(reply);
}

function addHeader(
  text: string,
  before: Readonly<Record<string, string>>,
): Readonly<Record<string, string>> {
  const at = text.indexOf("=");
  if (at < 1) throw new InvalidArgumentError("It must be a name and a value: name=value.");
  return { ...before, [text.slice(0, at)]: text.slice(at + 1) };
}
