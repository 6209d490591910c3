import { invalidPlan } from "./invalid_plan.ts";
import { toObjectPlan } from "./object_plan.ts";
import type { ChoicePlan, Discriminator, FieldPlan, ObjectPlan, Plan } from "./plan.ts";
import { sourceOf } from "./schema_walk.ts";
import { planSource } from "./source.ts";
import type { SchemaView } from "./valibot_schema.ts";
import { OBJECTS } from "./valibot_schema.ts";

/** Plans a part of a schema. */
export type PlanPart = (schema: SchemaView, path: readonly string[]) => Plan;

/** Types of schemas by which an option of a union is told from others. */
const DISCRIMINATORS: ReadonlySet<string> = new Set(["literal", "picklist", "enum"]);

/** The options of `v.variant`, those of variants in it included. */
export function planVariant(
  { key, options }: SchemaView,
  path: readonly string[],
  planPart: PlanPart,
  outer: readonly string[] = [],
): ChoicePlan["options"] {
  const keys = [...outer, key as string];
  return (options as readonly SchemaView[]).flatMap((option) => {
    if (option.type === "variant" && !option.pipe) return planVariant(option, path, planPart, keys);
    const when = keys.map((name) => {
      const entry = option.entries?.[name];
      if (entry) return toDiscriminator(name, entry);
      throw invalidPlan(path, `an option of v.variant() has no "${name}"`);
    });
    return { when, plan: planPart(option, path) };
  });
}

/** The options of `v.union`, each of which a literal has to tell from the others. */
export function planUnion(
  { options }: SchemaView,
  path: readonly string[],
  planPart: PlanPart,
): ChoicePlan["options"] {
  return (options as readonly SchemaView[]).map((option) => {
    const entries = OBJECTS.has(option.type) ? Object.entries(option.entries ?? {}) : [];
    const when = entries.filter(([, entry]) => isDiscriminator(entry));
    if (when.length > 0)
      return {
        when: when.map(([name, entry]) => toDiscriminator(name, entry)),
        plan: planPart(option, path),
      };
    const rule =
      "a remote field can only be inside v.union() of objects that a v.literal() or v.picklist() tells apart";
    throw invalidPlan(path, rule);
  });
}

/** A pipe may say where the value is, and more about it, but not change it. */
function isDiscriminator({ type, pipe }: SchemaView): boolean {
  const rest = pipe?.slice(1) ?? [];
  return DISCRIMINATORS.has(type) && rest.every(({ kind }) => kind === "metadata");
}

function toDiscriminator(name: string, schema: SchemaView): Discriminator {
  const { source, read } = planSource(name, sourceOf(schema) ?? name);
  return { source, read, inherited: source in Object.prototype, schema };
}

/** One object with the fields of all. */
export function planIntersect(
  { options }: SchemaView,
  path: readonly string[],
  planPart: PlanPart,
): ObjectPlan {
  const plans = (options as readonly SchemaView[]).map((option) => {
    const plan = planPart(option, path);
    if (plan.kind === "object") return plan;
    throw invalidPlan(path, "a remote field can only be inside v.intersect() of plain objects");
  });
  const fields = new Map<string, FieldPlan>();
  for (const field of plans.flatMap((plan) => plan.fields)) {
    const known = fields.get(field.name);
    // Of a name that two have, whichever makes something of the value.
    if (!known || known.plan.kind === "copy") fields.set(field.name, field);
  }
  return toObjectPlan([...fields.values()], {
    rest: plans.find(({ rest }) => rest)?.rest,
    strict: false,
    names: new Set(plans.flatMap(({ names }) => [...names])),
  });
}
