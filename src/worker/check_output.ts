import { BgtasksError } from "../errors.ts";
import { fieldErrors, toValidationIssues } from "../schema/issues.ts";
import type { Schema } from "../schema/schema.ts";
import { validate } from "../schema/schema.ts";
import type { RequestContext } from "./request_context.ts";
import { invalidOutput, Refusal } from "./task_failures.ts";
import { whenReady } from "./when_ready.ts";

/**
 * Checks what a handler gives, by its task's schema.
 *
 * @returns what the schema makes of it, at once where the schema needs no promise
 * @throws Refusal, or rejects with it
 */
export function checkOutput(
  value: unknown,
  schema: Schema,
  request: RequestContext,
  verb: "returned" | "yielded",
): unknown {
  return whenReady(validate(schema, value), (result) => {
    if (!result.issues) return result.value;
    const problems = Object.entries(fieldErrors(toValidationIssues(result.issues)));
    const lines = problems.map(([field, messages]) => `\n  - ${field}: ${messages.join(" ")}`);
    const refused = new BgtasksError(
      "invalid_output",
      `Cannot accept the result:${lines.join("")}`,
    );
    throw new Refusal(invalidOutput(`${verb} what its schema refuses`, refused, request));
  });
}
