// `npm run test:rabbitmq4 [-- --suite sid] [--short] [as for npm test]`: the tests that use a broker, on RabbitMQ 4 from a
// folder with another Debian: 4.0 of trixie, or 4.3 of sid. Queues that RabbitMQ 4 may refuse are refused. Needs Linux, root
// and debootstrap. `--short` runs what tells versions apart soonest.
import { parseArgs } from "node:util";

import { inProject } from "./project.ts";
import { ensureDebian, suites } from "./rabbitmq4/debian_folder.ts";
import { runCommand } from "./run_command.ts";
import { brokerTestFiles } from "./testing/test_files.ts";

const SHORT = ["tests/conformance", "tests/foreign", "tests/transport/broker_restart"];

/** Debian's RabbitMQ 4 starts and answers `rabbitmqctl` several times slower than 3, so a file has longer. In ms. */
const FILE_TIMEOUT = 300_000;

/** A run has longer, too: on one broker everything waits for that. In ms. */
const RUN_TIMEOUT = 1_800_000;

// What later versions of RabbitMQ may refuse by default.
const configuration = "deprecated_features.permit.transient_nonexcl_queues = false";

try {
  const { suite, files, rest } = readArguments();
  const root = inProject(`.tools/${suite}`);
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
      ["--import", "tsx", inProject("scripts/test.ts"), ...rest, ...files],
      {
        show: true,
        env: {
          ...process.env,
          AMQP_URL: node.url,
          BGTASKS_TEST_OWN_BROKER: "1",
          BGTASKS_REQUIRE_BROKER: "1",
          BGTASKS_FILE_TIMEOUT: String(FILE_TIMEOUT),
          BGTASKS_RUN_TIMEOUT: String(RUN_TIMEOUT),
        },
      },
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

function readArguments(): {
  suite: string;
  files: readonly string[];
  rest: readonly string[];
} {
  const { values, positionals } = parseArgs({
    options: {
      suite: { type: "string", default: "trixie" },
      short: { type: "boolean", default: false },
      runtime: { type: "string" },
    },
    allowPositionals: true,
  });
  const { suite, short, runtime } = values;
  if (!Object.hasOwn(suites, suite))
    throw new Error(`Cannot take --suite ${suite}: there are ${Object.keys(suites).join(" and ")}`);
  const files = brokerTestFiles(short ? [...SHORT, ...positionals] : positionals);
  if (files.length === 0)
    throw new Error(
      `Cannot run the tests, because no file uses a broker: ${positionals.join(" ")}`,
    );
  return { suite, files, rest: runtime === undefined ? [] : ["--runtime", runtime] };
}
