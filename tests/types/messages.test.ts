import assert from "node:assert/strict";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { fileURLToPath } from "node:url";

import { runCommand } from "../../scripts/run_command.ts";
import { ensureTools } from "../../scripts/tools/tools.ts";
import { onceOnNode } from "../support/once_on_node.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));

const SETUP = `
import * as v from "valibot";
import type { TasksOf } from "bgtasks";
import { RPCClient, remoteField, RPCResponse, rpcTasks, serializer } from "bgtasks";

const imagesByIds = rpcTasks("images.byIds", { input: v.array(v.number()) }, (ids) =>
  ids.map((id) => ({ id, path: "/" as string | null })),
);
const usersAdd = rpcTasks(
  "users.add",
  { input: v.object({ name: v.string(), born: v.optional(v.number()) }) },
  ({ name }) => name,
);
const tasks = {
  imagesByIds,
  usersAdd,
  at: rpcTasks("at", { input: v.object({ at: v.date() }) }, ({ at }) => at.getTime()),
  handlerAt: rpcTasks("handlerAt", (at: Date) => at.getTime()),
  big: rpcTasks("big", (big: bigint) => Number(big)),
  labels: rpcTasks("labels", (labels: Map<string, string>) => labels.size),
  reserve: rpcTasks("stock.reserve", { input: v.number() }, (count) => {
    if (count > 3) return RPCResponse({ errors: { count: ["Too many."] } });
    return RPCResponse({ data: { left: 3 - count } });
  }),
};
const filesByIds = rpcTasks("files.byIds", ({ ids }: { ids: string[] }) =>
  ids.map((uuid) => ({ uuid, tenant: 1 })),
);
const client = new RPCClient<TasksOf<typeof tasks>>();
const Users = serializer(
  v.object({ id: v.number(), image: remoteField(v.number(), { route: imagesByIds }) }),
);
`;

/** Each mistake, and what the compiler's answer to it has to hold: the name of the thing and what is wrong with it. */
const MISTAKES: readonly (readonly [code: string, message: RegExp])[] = [
  ['client.call("images.byId", [1]);', /'"images\.byId"' is not assignable to .*"images\.byIds"/],
  [
    'client.call("images.byIds", 1);',
    /'number' is not assignable to parameter of type 'number\[\]'/,
  ],
  ['client.call("images.byIds");', /Expected 2-3 arguments, but got 1/],
  ['client.call("images.byIds", [1, "2"]);', /'string' is not assignable to type 'number'/],
  [
    'client.call("users.add", { born: 1 });',
    /Property 'name' is missing in type '\{ born: number; \}'/,
  ],
  ['client.call("users.add", { name: 1 });', /'number' is not assignable to type 'string'/],
  ['client.call("users.add", { name: "", bron: 1 });', /'bron' does not exist in type/],
  ['client.call("images.byIds", [1], { timeOut: 5 });', /'timeOut' does not exist .*'timeout'/],
  [
    'client.call(imagesByIds, "1");',
    /'string' is not assignable to parameter of type 'number\[\]'/,
  ],
  ["client.call(tasks.at, { at: new Date() });", /'Date' .*JSON makes text of a Date/],
  ['client.call("handlerAt", new Date());', /'Date' .*JSON makes text of a Date/],
  ['client.call("big", 1n);', /'1n' .*JSON has no bigint/],
  ['client.call("labels", new Map());', /'Map<.*JSON cannot carry this/],
  ["Users.serialize([{ id: 1 }]);", /Property 'image' is missing in type '\{ id: number; \}'/],
  ["Users.serialize([{ id: 1, image: null }]);", /'null' is not assignable to type 'number'/],
  ["Users.serialize({ id: 1 });", /Property 'image' is missing in type '\{ id: number; \}'/],
  ["new RPCClient<typeof tasks>();", /'imagesByIds'[^]*Say RPCClient<TasksOf</],
  ['new RPCClient({ url: "amqp://host" });', /'url' does not exist in type 'RPCClientOptions'/],
  ['new RPCClient("amqp://host");', /'"amqp:\/\/host"' has no properties in common/],
  [
    'rpcTasks("x", { input: v.number() }, (text: string) => text);',
    /'text' and 'input' are incompatible/,
  ],
  [
    'rpcTasks("x", { input: v.number(), concurency: 2 }, () => 1);',
    /'UnknownOption'|'2 & UnknownOption'/,
  ],
  ['rpcTasks("x", { concurency: 2, timeout: 5 }, () => 1);', /'UnknownOption'|'2 & UnknownOption'/],
  ['rpcTasks("x", { timeout: "5s" }, () => 1);', /'string' is not assignable to type 'number'/],
  [
    'rpcTasks("x", { output: v.number() }, () => "1");',
    /'string' is not assignable to type 'number \| Promise<number>'/,
  ],
  [
    "remoteField(v.string(), { route: imagesByIds });",
    /"the task takes": number\[\]; readonly "but would get": string\[\]/,
  ],
  ["remoteField(v.number(), { route: usersAdd });", /"the task takes": \{ name: string/],
  [
    'remoteField(v.number(), { route: imagesByIds, key: "ids" });',
    /"the task takes": number\[\]; readonly "but would get": Readonly<Record<"ids", number\[\]>>/,
  ],
  [
    'remoteField(v.number(), { route: imagesByIds, mergeKey: "uuid" });',
    /'"uuid"' is not assignable to .*"the rows have": ("id" \| "path"|"path" \| "id")/,
  ],
  [
    'remoteField(v.string(), { route: filesByIds, key: "ids" });',
    /'mergeKey' is missing .*"the rows have": ("uuid" \| "tenant"|"tenant" \| "uuid")/,
  ],
  [
    'remoteField(v.string(), { route: filesByIds, key: "uuids", mergeKey: "uuid" });',
    /"the task takes": \{ ids: string\[\]; \}; readonly "but would get": Readonly<Record<"uuids", string\[\]>>/,
  ],
  [
    'remoteField(v.number(), { route: imagesByIds, onMising: "null" });',
    /'"null"' is not assignable to .*UnknownOption/,
  ],
  ['rpcTasks("x", () => 1, { input: v.number() });', /'input' does not exist in type/],
];

/** What has to compile, and the type that editors show, as a declaration file has it. */
const HOVERS: readonly (readonly [name: string, code: string, type: string])[] = [
  ["reply", 'await client.call("images.byIds", [1])', "{ id: number; path: string | null; }[]"],
  [
    "users",
    "await Users.serialize([{ id: 1, image: 1 }])",
    "{ id: number; image: { readonly id: number; readonly path: string | null; } | null; }[]",
  ],
  [
    "user",
    "await Users.serialize({ id: 1, image: 1 })",
    "{ id: number; image: { readonly id: number; readonly path: string | null; } | null; }",
  ],
  [
    "byName",
    'await Users.serialize(new Map([["a", { id: 1, image: 1 }]]))',
    "Map<string, { id: number; image: { readonly id: number; readonly path: string | null; } | null; }>",
  ],
  ["left", 'RPCResponse.unwrap(await client.call("stock.reserve", 1))', "{ left: number; }"],
];

describe("the compiler", onceOnNode, () => {
  const folder = join(root, ".snippets", crypto.randomUUID());
  const compilers = ["typescript54", "typescript59", "typescript"] as const;
  let paths: Readonly<Record<string, string>> = {};

  before(async () => {
    const older = await ensureTools(["typescript54", "typescript59"]);
    paths = { ...older, typescript: join(root, "node_modules/typescript/bin/tsc") };
    await mkdir(folder, { recursive: true });
    const compilerOptions = {
      target: "es2022",
      lib: ["es2022", "dom", "esnext.disposable"],
      module: "nodenext",
      strict: true,
      skipLibCheck: true,
      allowImportingTsExtensions: true,
      types: ["node"],
      declaration: true,
      emitDeclarationOnly: true,
      rootDir: root,
      paths: { bgtasks: [join(root, "mod.ts")] },
    };
    const write = (file: string, text: string) => writeFile(join(folder, file), text);
    await write("tsconfig.json", JSON.stringify({ compilerOptions, include: ["*.ts"] }));
    await write("mistakes.ts", SETUP + MISTAKES.map(([code]) => `void ${code}\n`).join(""));
    const exported = HOVERS.map(([name, code]) => `export const ${name} = ${code};\n`);
    await write("hovers.ts", SETUP + exported.join(""));
  });
  after(() => rm(folder, { recursive: true }));

  for (const compiler of compilers) {
    const out = join(folder, "out", compiler);
    let stdout = "";
    before(async () => {
      const args = [paths[compiler] ?? "", "--outDir", out, "--pretty", "false"];
      ({ stdout } = await runCommand(process.execPath, args, { cwd: folder }));
    });

    it(`of ${compiler} names what is wrong in three lines at most`, () => {
      const messages = stdout.split(/^(?=\S+\(\d+,\d+\): error)/m);
      const first = SETUP.split("\n").length;
      MISTAKES.forEach(([code, expected], index) => {
        const place = `mistakes.ts(${first + index},`;
        const found = messages.filter((message) => message.startsWith(place));
        const text = found.join("");
        assert.match(text, expected, `${compiler} about: ${code}`);
        assert.ok(found.length === 1 && text.trim().split("\n").length <= 3, `long: ${text}`);
      });
      const elsewhere = messages.filter(
        (message) => message.startsWith("mistakes.ts") && Number(/\d+/.exec(message)) < first,
      );
      assert.deepEqual(elsewhere, []);
    });

    it(`of ${compiler} shows types as they are`, async () => {
      assert.doesNotMatch(stdout, /hovers\.ts/);
      const declarations = await readDeclarations(join(out, folder.slice(root.length)));
      for (const [name, , type] of HOVERS) {
        assert.ok(declarations.includes(`export declare const ${name}: ${type};`), declarations);
      }
    });
  }
});

async function readDeclarations(folder: string): Promise<string> {
  return (await readFile(join(folder, "hovers.d.ts"), "utf8")).replaceAll(/\s+/g, " ");
}
