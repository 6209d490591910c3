import type { LogRecord } from "@logtape/logtape";
import { getJsonLinesFormatter } from "@logtape/logtape";

const format = /* @__PURE__ */ getJsonLinesFormatter({ properties: "flatten" });

/**
 * A record as one line of JSON, for programs that gather logs: `@timestamp`, `level`, `message`, `logger`, and the
 * record's properties; an error with its name, message, stack and cause.
 *
 * @param process which of several processes it is of
 */
export function formatJSON(record: LogRecord, process?: number): string {
  if (process === undefined) return format(record);
  return format({ ...record, properties: { process, ...record.properties } });
}
