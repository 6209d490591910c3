import type { FieldPlan, ObjectPlan } from "./plan.ts";
import { holdsRemote } from "./plan.ts";

/** The plan of an object with these fields. */
export function toObjectPlan(
  fields: readonly FieldPlan[],
  more: Pick<ObjectPlan, "rest" | "strict" | "names">,
): ObjectPlan {
  const isPlain = !fields.some(({ inherited }) => inherited);
  const changed = fields.filter(({ plan }) => plan.kind !== "copy");
  const isClonable =
    isPlain &&
    fields.length - changed.length >= MIN_CLONED &&
    fields.every(({ name, source, read }) => name === source && !read);
  return {
    kind: "object",
    fields,
    remote: fields.filter(({ plan }) => holdsRemote(plan)),
    optional: fields.filter(({ optional, withDefault }) => optional && !withDefault),
    template: isPlain ? Object.fromEntries(fields.map(({ name }) => [name, undefined])) : undefined,
    clonable: isClonable ? fields.map(({ name }) => name) : undefined,
    changed,
    ...more,
  };
}

/** How many columns a row must have for its copy as a whole to be worth a look at all of its names. */
const MIN_CLONED = 6;
