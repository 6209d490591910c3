import { BgtasksError } from "../errors.ts";
import { formatPath } from "../schema/issues.ts";

/** The error of a schema that cannot be planned, with the place in it. */
export function invalidPlan(path: readonly string[], rule: string): BgtasksError {
  const where = path.length > 0 ? ` of "${formatPath(path).replaceAll(".[]", "[]")}"` : "";
  return new BgtasksError("invalid_serializer", `Cannot plan the representation${where}: ${rule}`);
}
