import * as v from "valibot";

import { nameType, showValue } from "./messages.ts";
import type { ChoicePlan, Plan } from "./plan.ts";
import { readSource } from "./source.ts";

/** The plan of the option that a value fits. */
export function choose({ options }: ChoicePlan, value: unknown): Plan | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  const config = v.getGlobalConfig();
  for (const { when, plan } of options) {
    const fits = when.every((discriminator) => {
      const tag = { value: readSource(discriminator, value) };
      const dataset = discriminator.schema["~run"](tag, config);
      // An asynchronous one cannot tell.
      return !(dataset instanceof Promise) && !dataset.issues;
    });
    if (fits) return plan;
  }
  return undefined;
}

/** Tells what a value has where its options look. */
export function fitsNoOption({ options }: ChoicePlan, value: unknown): string {
  if (typeof value !== "object" || value === null) return `Expected an object: ${nameType(value)}`;
  const tags = new Map(
    options.flatMap(({ when }) => when.map((tag) => [tag.source, tag] as const)),
  );
  const seen = [...tags].map(([name, tag]) => `${name} is ${showValue(readSource(tag, value))}`);
  return `The row fits none of the options: its ${seen.join(", its ")}.`;
}
