// `npm run example -- NAME [--runtime deno|bun|node22…]`: runs examples/NAME/main.ts on a broker, which is found or started
// as for the tests. Without a name it lists the examples.
import { existsSync, readdirSync } from "node:fs";
import { parseArgs } from "node:util";

import { inProject, projectRoot } from "./project.ts";
import { runCommand } from "./run_command.ts";
import { currentRuntime, findRuntime, type Runtime } from "./testing/runtime.ts";
import { withBroker } from "./testing/with_broker.ts";

const { values, positionals } = parseArgs({
  options: { runtime: { type: "string" } },
  allowPositionals: true,
});
const [name, ...args] = positionals;
const names = readdirSync(inProject("examples")).filter((folder) =>
  existsSync(inProject(`examples/${folder}/main.ts`)),
);
if (name === undefined || !names.includes(name)) {
  console.error(
    `npm run example -- NAME [--runtime deno|bun], with a NAME of ${names.join(", ")}; see examples/README.md`,
  );
  process.exit(2);
}
const runtime = values.runtime === undefined ? currentRuntime() : await findRuntime(values.runtime);
process.exitCode = await withBroker(async (broker) => {
  const env = { ...process.env, ...(broker && { AMQP_URL: broker.url }) };
  const command = [...runtimeArguments(runtime), `examples/${name}/main.ts`, ...args];
  const { code } = await runCommand(runtime.command, command, {
    cwd: projectRoot,
    env,
    show: true,
  });
  return code;
});

function runtimeArguments({ kind }: Runtime): string[] {
  return { node: ["--import", "tsx"], deno: ["run", "-A"], bun: [] }[kind];
}
