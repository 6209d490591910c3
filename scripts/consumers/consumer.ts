/** A command of a consumer, and what it has to print. */
export interface ConsumerStep {
  /** For a shell, in the consumer's folder. */
  readonly command: string;
  readonly expected: RegExp;
}

/** A project of somebody who uses the package. */
export interface Consumer {
  readonly name: string;
  /** Whether it belongs to the short form, because its tools need no installation of their own. */
  readonly short: boolean;
  /** Its package.json, to which bgtasks and valibot are added. */
  readonly manifest: Readonly<Record<string, unknown>>;
  readonly files: Readonly<Record<string, string>>;
  /** @default "npm install …" */
  readonly install?: string;
  readonly steps: readonly ConsumerStep[];
}

/** What the program below prints: a reply, and a row with what another service owns. */
const PRINTED = /^\/7\.jpg \/8\.jpg\r?$/m;

/** A step that runs the program. */
export function runs(command: string): ConsumerStep {
  return { command, expected: PRINTED };
}

/** A step that has to end well, whatever it prints. */
export function passes(command: string): ConsumerStep {
  return { command, expected: /(?:)/ };
}

/** A program that calls a task and serializes a row. It does not compile where the types are lost on the way. */
export const PROGRAM = `import { configure, remoteField, RPCClient, RPCResponse, rpcTasks, serializer } from "bgtasks";
import * as v from "valibot";

configure({ environment: "test" });
const imagesByIds = rpcTasks("images.byIds", { input: v.array(v.number()) }, (ids) =>
  RPCResponse({ data: ids.map((id) => ({ id, path: \`/\${id}.jpg\` })) }),
);
const UserSerializer = serializer(
  v.object({ id: v.number(), image: v.nullable(remoteField(v.number(), { route: imagesByIds })) }),
);

async function main(): Promise<void> {
  const client = new RPCClient();
  const [image] = RPCResponse.unwrap(await client.call(imagesByIds, [7]));
  const user = await UserSerializer.serialize({ id: 1, image: 8 });
  // @ts-expect-error -- the task takes numbers
  const refused = await client.call(imagesByIds, ["7"]).catch((error) => error.code);
  await client.close();
  if (refused !== "invalid_input") throw new Error(String(refused));
  console.log(image?.path, user.image?.path);
}

void main();
`;
