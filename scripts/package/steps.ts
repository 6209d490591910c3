import { runCommand, type CommandOptions } from "../run_command.ts";

export interface Step {
  readonly name: string;
  /** Rejects when the step fails, with what is to be shown. */
  readonly run: () => Promise<void>;
}

/** Runs a command and rejects with its output when it fails. */
export async function mustRun(
  command: string,
  args: readonly string[],
  options: CommandOptions = {},
): Promise<string> {
  const { code, output, stdout } = await runCommand(command, args, options);
  if (code !== 0) throw new Error(`${[command, ...args].join(" ")} (exit code ${code})\n${output}`);
  return stdout;
}

/** Runs steps up to the first that fails, lists them all, and says whether all went well. */
export async function runSteps(steps: readonly Step[]): Promise<boolean> {
  const lines: string[] = [];
  let failure: unknown;
  for (const { name, run } of steps) {
    if (failure !== undefined) {
      lines.push(`not run  ${name}`);
      continue;
    }
    const start = performance.now();
    try {
      await run();
      const seconds = (performance.now() - start) / 1_000;
      lines.push(`ok       ${name}, ${seconds.toFixed(1)} s`);
    } catch (error) {
      failure = error;
      lines.push(`FAILED   ${name}`);
    }
  }
  console.log(lines.join("\n"));
  if (failure === undefined) return true;
  console.error(failure instanceof Error ? `\n${failure.message}` : failure);
  return false;
}
