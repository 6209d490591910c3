import { BgtasksError } from "../errors.ts";
import { byteLength } from "./byte_length.ts";
import { quote } from "./printable.ts";

/** AMQP writes names as short strings, whose length is one byte. */
const MAX_ROUTE_BYTES = 255;

/** RabbitMQ takes them out of the names of queues, and not out of routing keys: the queue would then be another one. */
const LINE_BREAK = /[\n\r]/;

/**
 * Checks a route, which is a queue's name on the wire: a string of 1 to 255 bytes in UTF-8 without line breaks that does
 * not begin with `amq.`, a prefix that brokers keep for themselves.
 *
 * @throws BgtasksError with `code` `"invalid_route"`
 */
export function checkRoute(route: unknown): asserts route is string {
  if (route === undefined) {
    throw invalidRoute(
      "it is undefined: is its task imported from a module that imports this one, in a circle?",
    );
  }
  if (typeof route !== "string") throw invalidRoute(`it must be a string: ${typeof route}`);
  if (route === "") throw invalidRoute("it must not be empty");
  if (route.startsWith("amq."))
    throw invalidRoute(`names in "amq." belong to the broker: "${route}"`);
  if (LINE_BREAK.test(route))
    throw invalidRoute(`brokers take line breaks out of names: ${quote(route.slice(0, 40))}`);
  // A UTF-16 unit is at most 3 bytes of UTF-8, so that most routes need no encoding to be known as short.
  if (route.length * 3 <= MAX_ROUTE_BYTES) return;
  const length = byteLength(route);
  if (length > MAX_ROUTE_BYTES) {
    throw invalidRoute(
      `it must be at most ${MAX_ROUTE_BYTES} bytes, this one is ${length}: "${route.slice(0, 40)}…"`,
    );
  }
}

function invalidRoute(rule: string): BgtasksError {
  return new BgtasksError("invalid_route", `Cannot use this route as ${rule}`);
}
