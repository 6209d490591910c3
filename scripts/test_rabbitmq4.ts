// `npm run test:rabbitmq4 [-- --suite sid] [-- as for npm test]`: the suite against RabbitMQ 4, which refuses what 3 allowed,
// from a folder with another Debian: 4.0 of trixie, or 4.3 of sid. Needs Linux, root and debootstrap.
import { inProject } from "./project.ts";
import { ensureDebian, suites } from "./rabbitmq4/debian_folder.ts";
import { runCommand } from "./run_command.ts";

const { suite, rest } = readArguments(process.argv.slice(2));
const root = inProject(`.tools/${suite}`);
// What later versions of RabbitMQ may refuse by default.
const configuration = "deprecated_features.permit.transient_nonexcl_queues = false";

try {
  await ensureDebian(root, suite);
  // Read when the module is loaded.
  process.env["BGTASKS_BROKER_ROOT"] = root;
  process.env["BGTASKS_BROKER_CONFIGURATION"] = configuration;
  const { startPrivateNode } = await import("./broker/private_node.ts");
  const { leftOvers } = await import("./testing/left_overs.ts");
  const node = await startPrivateNode({});
  try {
    console.log(`RabbitMQ ${(await node.ctl("-q", "version")).trim()} at port ${node.port}`);
    const { code } = await runCommand(
      process.execPath,
      ["--import", "tsx", inProject("scripts/test.ts"), ...rest],
      { show: true, env: { ...process.env, AMQP_URL: node.url, BGTASKS_REQUIRE_BROKER: "1" } },
    );
    const { queues, connections } = await leftOvers({ queues: [], connections: [] }, () =>
      node.inventory(),
    );
    const left = [...queues, ...connections];
    if (left.length > 0) console.error(`PROBLEM: left on the broker: ${left.join(", ")}`);
    process.exitCode = code === 0 && left.length > 0 ? 1 : code;
  } finally {
    await node.stop();
  }
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}

function readArguments(given: readonly string[]): { suite: string; rest: readonly string[] } {
  const at = given.indexOf("--suite");
  if (at < 0) return { suite: "trixie", rest: given };
  const suite = given[at + 1] ?? "";
  if (!Object.hasOwn(suites, suite))
    throw new Error(`Cannot take --suite ${suite}: there are ${Object.keys(suites).join(" and ")}`);
  return { suite, rest: [...given.slice(0, at), ...given.slice(at + 2)] };
}
