import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { callCommand } from "../../src/cli/call/call_command.ts";
import { docsCommand } from "../../src/cli/docs/docs_command.ts";
import { doctorCommand } from "../../src/cli/doctor/doctor_command.ts";
import { ExitCode } from "../../src/cli/terminal/exit_code.ts";
import { initCommand } from "../../src/cli/init/init_command.ts";
import { jobsCommand } from "../../src/cli/jobs/jobs_command.ts";
import { routesCommand } from "../../src/cli/routes/routes_command.ts";
import { workerCommand } from "../../src/cli/worker/worker_command.ts";
import { readDocument } from "./markdown_snippets.ts";

const commands = [
  initCommand(new URL(import.meta.url)),
  workerCommand(import.meta.url),
  callCommand(),
  jobsCommand(),
  routesCommand(),
  docsCommand(),
  doctorCommand(),
];

describe("docs/command.md", () => {
  const page = readDocument("docs/command.md");
  const tables = page.split("\n").filter((line) => line.startsWith("|"));

  for (const command of commands) {
    it(`has a page of ${command.name()} with an example, and its options in a table`, () => {
      const section = page.split(/^## /m).find((text) => text.startsWith(`${command.name()}\n`));
      assert.ok(section?.includes(`$ bgtasks ${command.name()}`), command.name());
      const missing = [command, ...command.commands]
        .flatMap(({ options }) => options)
        .map(({ long }) => long ?? "")
        .filter((long) => !tables.some((line) => line.includes(`\`${long}`)));
      assert.deepEqual(missing, []);
    });
  }

  it("lists no option that is gone", () => {
    const known = commands
      .flatMap((command) => [command, ...command.commands])
      .flatMap(({ options }) => options.map(({ long }) => long));
    const listed = tables.flatMap((line) => /^\|[^|]*`(--[\w-]+)/.exec(line)?.[1] ?? []);
    assert.ok(listed.length > 5);
    assert.deepEqual(
      listed.filter((option) => !known.includes(option)),
      [],
    );
  });

  it("explains every exit code", () => {
    for (const code of Object.values(ExitCode))
      assert.ok(
        tables.some((line) => line.startsWith(`| ${code} `)),
        String(code),
      );
  });
});
