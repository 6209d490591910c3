import { longString, table, typed, uint } from "../../support/amqp_bytes.ts";
import type { HostileCase } from "./hostile_case.ts";
import { failure, reply, withContent } from "./reply_case.ts";

/** Shapes of failures that no worker of ours answers. */
const FAILURES: readonly (readonly [code: string, body: unknown])[] = [
  ["invalid_input", { status: "fail", data: { name: [{ toString: null }] } }],
  ["invalid_input", { status: "fail", data: { name: { toString: null } } }],
  ["invalid_input", { status: "fail", data: { name: [{ toString: "hi", valueOf: 1 }] } }],
  ["invalid_input", { status: "fail", data: { name: null } }],
  ["invalid_input", { status: "fail", data: { name: [[[[{ toString: null }]]]] } }],
  [
    "invalid_input",
    { status: "fail", data: {}, issues: [{ message: "m", path: [{ toString: null }] }] },
  ],
  ["invalid_input", { status: "fail", data: {}, issues: [{ message: "m", path: "abc" }] }],
  ["invalid_input", { status: "fail", data: {}, issues: { length: 4 } }],
  ["invalid_input", { status: "fail", data: { __proto__: ["x"], constructor: ["y"] } }],
  ["invalid_input", { status: "fail", data: [] }],
  ["internal", { status: "fail", data: { message: { toString: null }, data: { toString: null } } }],
  ["internal", { status: "fail", data: { message: 5 } }],
  ["internal", { status: "success", data: 1 }],
  ["internal", null],
  ["internal", [1]],
  ["internal", "text"],
  ["internal", { status: "fail", data: null }],
  ["", { status: "fail", data: { message: "m" } }],
  ["__proto__", { status: "fail", data: { message: "m" } }],
  ["toString", { status: "fail", data: { message: "m" } }],
  ["x".repeat(60_000), { status: "fail", data: { message: "m" } }],
];

/** Values of the header that marks failures, of every type. */
const HEADER_VALUES: readonly (readonly [type: string, value: Uint8Array])[] = [
  ["t", Buffer.of(1)],
  ["b", Buffer.of(200)],
  ["B", Buffer.of(200)],
  ["s", uint(16, 65_535)],
  ["u", uint(16, 65_535)],
  ["I", uint(32, -1)],
  ["i", uint(32, 4_294_967_295)],
  ["l", uint(64, -1)],
  ["L", uint(64, -1)],
  ["f", Buffer.of(127, 192, 0, 0)],
  ["d", Buffer.of(127, 248, 0, 0, 0, 0, 0, 0)],
  ["D", Buffer.of(2, 0, 0, 1, 0)],
  ["T", uint(64, 2n ** 64n - 1n)],
  ["V", new Uint8Array()],
  ["x", longString(Buffer.of(255, 254))],
  ["S", longString(Buffer.of(255, 254))],
  ["S", longString("")],
  ["A", longString("")],
  ["A", longString(Buffer.of(1, 2, 3))],
  ["F", longString("")],
  ["F", longString(Buffer.of(200, 65))],
  ["Z", Buffer.of(1, 2, 3)],
  ["S", uint(32, 0xffff_ffff)],
  ["A", uint(32, 0xffff_ffff)],
];

const BODIES: Readonly<Record<string, string | Uint8Array>> = {
  "without a body": "",
  "of one byte": "{",
  "of a NUL": "\0",
  "that is no UTF-8": Buffer.of(34, 255, 254, 34),
  "in UTF-16": Buffer.from('"abc"', "utf16le"),
  "with a byte order mark alone": "\ufeff",
  "of 5,000 levels": "[".repeat(5_000) + "]".repeat(5_000),
  "of 5,000,000 levels": "[".repeat(5_000_000),
  "of a number out of range": "1e999",
  "of two values": "{}{}",
  "with __proto__": '{"__proto__":{"toString":null},"then":1}',
  "that looks thenable": '{"then":"x","catch":null}',
  "of 3 MB": JSON.stringify("x".repeat(3_000_000)),
  "that is longer than is taken": JSON.stringify("x".repeat(5_000_000)),
};

/** Replies with the right correlation id and content that no worker of ours sends. */
export function casesOfContents(): HostileCase[] {
  const nested = (depth: number): Uint8Array => {
    const field = Buffer.alloc(depth * 5);
    for (let level = 0; level < depth; level++) {
      field.write("A", level * 5);
      field.writeUInt32BE((depth - level - 1) * 5, level * 5 + 1);
    }
    return table([["bgtasks-error", field]]);
  };
  return [
    ...FAILURES.map(([code, body], at) =>
      reply(
        `that fails with shape ${at + 1} and the code ${code.slice(0, 20)}`,
        failure(code, body),
      ),
    ),
    ...HEADER_VALUES.map(([type, value], at) =>
      reply(
        `with a failure of type ${type} (${at + 1})`,
        withContent("1", table([["bgtasks-error", typed(type, value)]])),
        { lies: true },
      ),
    ),
    ...Object.entries(BODIES).map(([name, body]) => reply(name, withContent(body), { lies: true })),
    reply("with headers of 20,000 levels", withContent("1", nested(20_000)), { lies: true }),
    reply("with a table that is longer than its frame", withContent("1", uint(32, 5_000)), {
      lies: true,
    }),
    reply("with a table of 4 GiB", withContent("1", uint(32, 0xffff_ffff)), { lies: true }),
  ];
}
