import { BgtasksError } from "../errors.ts";
import { formatPath } from "../schema/issues.ts";

/** How much of a path a message shows. */
const SHOWN = 6;

/** The error of rows that hold rows deeper than the stack: `RangeError` alone would not say where. Others stay as they are. */
export function deepRows(error: unknown, path: readonly (string | number)[]): unknown {
  if (!(error instanceof RangeError)) return error;
  const where = `${formatPath(path.slice(0, SHOWN))}…`;
  return new BgtasksError(
    "too_deep",
    `Cannot serialize because rows hold rows more than ${path.length} levels deep at "${where}": do they hold themselves?`,
  );
}
