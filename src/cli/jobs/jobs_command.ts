import { Command } from "commander";

import { deadCommand } from "./dead_command.ts";
import { discardCommand } from "./discard_command.ts";
import { listCommand } from "./list_command.ts";
import { retryCommand } from "./retry_command.ts";
import { sendCommand } from "./send_command.ts";

/** `bgtasks jobs` */
export function jobsCommand(): Command {
  const jobs = new Command("jobs").description(
    "Look at jobs, send them, and deal with their dead letters.",
  );
  jobs.addCommand(listCommand().exitOverride(), { isDefault: true });
  for (const command of [sendCommand(), deadCommand(), retryCommand(), discardCommand()])
    jobs.addCommand(command.exitOverride());
  return jobs.addHelpText(
    "after",
    `
Examples:
  $ bgtasks jobs
  $ bgtasks jobs images.resize
  $ bgtasks jobs send images.resize '{"id": 7}'
  $ bgtasks jobs dead images.resize
  $ bgtasks jobs retry images.resize --all

\`bgtasks jobs <command> --help\` tells more, \`bgtasks jobs list --help\` of the first.`,
  );
}
