import * as v from "valibot";

import {
  configure,
  fakeTime,
  injectFault,
  IntegerListSerializer,
  merge,
  mergeMany,
  recordCalls,
  registerTasks,
  remoteField,
  RPCClient,
  RPCResponse,
  serializer,
  TaskError,
  TaskRegistry,
  Worker,
} from "../../mod.ts";

/** What somebody did, and the message that they get. A text is the whole message, a pattern the part that does not change. */
export type Mistake = readonly [done: string, mistake: () => unknown, message: string | RegExp];

const settings = { environment: "test" };
/** The mistakes of those whose editor does not check types. */
const wrong = (value: unknown): never => value as never;
const client = new RPCClient({ settings });
const tasks = new TaskRegistry();
tasks("taken", () => 1);
const call = (route: unknown, input?: unknown, options?: unknown): Promise<unknown> =>
  client.call(wrong(route), wrong(input), wrong(options));
const task = (...args: unknown[]): unknown =>
  (tasks as unknown as (...args: unknown[]) => unknown)(...args);
const ids = (options: object): unknown => remoteField(v.number(), wrong(options));

export const calls: readonly Mistake[] = [
  [
    "a circular import",
    () => call(undefined),
    "Cannot use this route as it is undefined: is its task imported from a module that imports this one, in a circle?",
  ],
  [
    "no text for a route",
    () => task(7, () => 1),
    "Cannot use this route as it must be a string: number",
  ],
  ["an empty route", () => call(""), "Cannot use this route as it must not be empty"],
  [
    "a route of two lines",
    () => call("users\n.get"),
    'Cannot use this route as brokers take line breaks out of names: "users\\u000a.get"',
  ],
  [
    "a route of the broker's",
    () => call("amq.x"),
    'Cannot use this route as names in "amq." belong to the broker: "amq.x"',
  ],
  ["a route that is too long", () => call("r".repeat(300)), /at most 255 bytes, this one is 300/],
  [
    "timeOut",
    () => call("a", 1, { timeOut: 5 }),
    'Cannot call "a" as timeOut is not an option; did you mean timeout?',
  ],
  [
    "an option of elsewhere",
    () => call("a", 1, { attempts: 5 }),
    'Cannot call "a" as attempts is not an option',
  ],
  [
    "a number for the options",
    () => call("a", 1, 5_000),
    'Cannot call "a" as its options must be an object: number',
  ],
  [
    "null for the options",
    () => call("a", 1, null),
    'Cannot call "a" as its options must be an object: null',
  ],
  [
    "retry: 3",
    () => call("a", 1, { retry: 3 }),
    'Cannot call "a" as retry must be true or false: number',
  ],
  [
    "signal: 5",
    () => call("a", 1, { signal: 5 }),
    'Cannot call "a" as signal must be an AbortSignal: number',
  ],
  [
    "a controller for its signal",
    () => call("a", 1, { signal: new AbortController() }),
    'Cannot call "a" as signal must be an AbortSignal: object',
  ],
  [
    "timeout: 0",
    () => call("a", 1, { timeout: 0 }),
    /its timeout must be a number of milliseconds above 0/,
  ],
  [
    'timeout: "5s"',
    () => call("a", 1, { timeout: "5s" }),
    /its timeout must be a number of milliseconds above 0/,
  ],
  [
    "headers in a list",
    () => call("a", 1, { headers: ["x"] }),
    /Cannot send these headers as they must be an object/,
  ],
  [
    "an object in a header",
    () => call("a", 1, { headers: { user: {} } }),
    /"user" must be text, a finite number, true or false/,
  ],
  ["a BigInt", () => call("a", { n: 1n }), "Cannot write n as JSON as it is a BigInt"],
  ["a Map", () => call("a", [new Map()]), "Cannot write [0] as JSON as it is a Map"],
  ["NaN", () => call("a", Number.NaN), "Cannot write the value as JSON as it is NaN"],
  [
    "a method taken from its client",
    () => {
      // oxlint-disable-next-line typescript/unbound-method -- that is the mistake
      const { call: taken } = client;
      return taken("a");
    },
    "Cannot call a task as call() was taken from its client: write client.call(…), or client.call.bind(client)",
  ],
  [
    "new RPCClient({ url })",
    () => new RPCClient(wrong({ url: "amqp://host" })),
    "Cannot create a client: url is not an option (the broker is named by its settings: new RPCClient({ settings: { url } }))",
  ],
  [
    "new RPCClient(url)",
    () => new RPCClient(wrong("amqp://host")),
    /its options must be an object: string \(the broker is named by its settings/,
  ],
  [
    "a list of options for a client",
    () => new RPCClient(wrong([])),
    /its options must be an object: a list/,
  ],
  [
    "a setting that is none",
    () => new RPCClient({ settings: wrong({ hots: "x" }) }),
    /hots: is not a setting/,
  ],
  [
    "a URL of http",
    () => configure({ url: "http://host" }),
    /url: must look like amqp:\/\/user:password@host:port\/vhost/,
  ],
  [
    "a port in text",
    () => configure({ port: wrong("5672") }),
    /port: must be a whole number from 1 to 65535/,
  ],
];

export const registrations: readonly Mistake[] = [
  [
    "concurency",
    () => task("a", { concurency: 2 }, () => 1),
    'Cannot register "a": concurency is not an option; did you mean concurrency?',
  ],
  [
    "an option of another library",
    () => task("a", { retries: 2 }, () => 1),
    'Cannot register "a": retries is not an option',
  ],
  [
    "the options behind the handler",
    () => task("a", () => 1, { timeout: 5 }),
    'Cannot register "a": its options come before its handler: rpcTasks(route, options, handler)',
  ],
  [
    "text for a handler",
    () => task("a", {}, "x"),
    'Cannot register "a": its handler must be a function: string',
  ],
  [
    "a type for a schema",
    () => task("a", { input: { id: "number" } }, () => 1),
    'Cannot register "a": input must be a schema (Standard Schema)',
  ],
  [
    'timeout: "5s"',
    () => task("a", { timeout: "5s" }, () => 1),
    'Cannot register "a": timeout must be a number of milliseconds above 0, at most 2147483647',
  ],
  [
    "concurrency: 0",
    () => task("a", { concurrency: 0 }, () => 1),
    'Cannot register "a": concurrency must be a whole number from 1 to 65535',
  ],
  [
    "a type of queue",
    () => task("a", { queue: { type: "stream" } }, () => 1),
    'Cannot register "a": queue.type must be "classic" or "quorum"',
  ],
  [
    "a fraction of a millisecond for a broker",
    () => task("a", { queue: { expires: 0.5 } }, () => 1),
    'Cannot register "a": queue.expires must be a whole number of milliseconds above 0, at most 2147483647',
  ],
  [
    "a quorum queue that is not durable",
    () => task("a", { queue: { type: "quorum", durable: false } }, () => 1),
    'Cannot register "a": queue cannot be a quorum queue and not durable: quorum queues are always durable',
  ],
  [
    "an option of a queue",
    () => task("a", { queue: { durabel: true } }, () => 1),
    'Cannot register "a": queue.durabel is not an option; did you mean durable?',
  ],
  [
    "two mistakes",
    () => task("a", { concurrency: 0, retries: 1 }, () => 1),
    /concurrency must be .*; retries is not an option/,
  ],
  [
    "a route twice",
    () => task("taken", () => 1),
    'Cannot register "taken" twice: it has a handler already',
  ],
  ["no route", () => task(() => 1), "Cannot use this route as it must be a string: function"],
  [
    "options and no handler",
    () => {
      const registry = new TaskRegistry();
      registry("a", { timeout: 5 });
      registry("b", () => 1);
      return new Worker({ registry, settings }).start();
    },
    'Cannot start a worker as "a" has options and no handler: rpcTasks(route, options, handler)',
  ],
  [
    "no tasks",
    () => new Worker({ registry: new TaskRegistry(), settings }).start(),
    "Cannot start a worker without tasks: none is registered",
  ],
  [
    "new Worker({ concurency })",
    () => new Worker(wrong({ concurency: 1 })),
    "Cannot create a worker: concurency is not an option; did you mean concurrency?",
  ],
  [
    "new Worker({ registry: {} })",
    () => new Worker({ registry: wrong({}) }),
    "Cannot create a worker: registry must be a TaskRegistry of this copy of bgtasks",
  ],
  [
    "concurrency: 1.5",
    () => new Worker({ concurrency: 1.5 }),
    "Cannot create a worker: concurrency must be a whole number from 1 to 65535",
  ],
  [
    'drainTimeout: "1m"',
    () => new Worker({ drainTimeout: wrong("1m") }),
    "Cannot create a worker: drainTimeout must be a number of milliseconds from 0 to 2147483647",
  ],
  [
    "new Worker(registry)",
    () => new Worker(wrong("tasks")),
    "Cannot create a worker: its options must be an object: string",
  ],
  [
    "a pattern that matches nothing",
    () => registerTasks("nope/**"),
    /^Cannot register tasks as no file matches nope\/\*\* below \S+$/,
  ],
  [
    "registerTasks(…, { folder })",
    () => registerTasks("x", wrong({ folder: "y" })),
    "Cannot register tasks: folder is not an option",
  ],
];

export const envelopes: readonly Mistake[] = [
  [
    "a forgotten await",
    () => RPCResponse.unwrap(wrong(Promise.resolve())),
    "Cannot unwrap this value, a promise: await it, as in RPCResponse.unwrap(await client.call(…))",
  ],
  [
    "a bare reply",
    () => RPCResponse.unwrap(wrong([1])),
    "Cannot unwrap this value, which must be { status, data }: [1]",
  ],
  [
    "a refusal",
    () => RPCResponse.unwrap(RPCResponse({ errors: { name: ["Taken."] } })),
    'Cannot unwrap the response as its status is "fail": {"name":["Taken."]}',
  ],
  [
    "RPCResponse()",
    () => RPCResponse(wrong(undefined)),
    "Cannot build a response as it takes { data } or { errors }: undefined",
  ],
  [
    "RPCResponse(rows)",
    () => RPCResponse(wrong([1])),
    "Cannot build a response as it takes either data or errors: neither given",
  ],
  [
    "RPCResponse({ error })",
    () => RPCResponse(wrong({ error: "x" })),
    "Cannot build a response as it takes either data or errors: neither given",
  ],
  [
    "data and errors",
    () => RPCResponse(wrong({ data: 1, errors: 2 })),
    "Cannot build a response as it takes either data or errors: both given",
  ],
  [
    "merge() of many rows",
    () => merge(wrong([{ image: 1 }]), "image", [], "id"),
    'Cannot merge "image" because it takes one row: a list (mergeMany() takes many)',
  ],
  [
    "merge() with one dict",
    () => merge({ image: 1 }, "image", wrong({ id: 1 }), "id"),
    'Cannot merge "image" because it takes a list of rows: object',
  ],
  [
    "mergeMany() of text",
    () => mergeMany(wrong("rows"), "image", [], "id"),
    'Cannot merge "image" because it takes a list of rows: string',
  ],
  [
    "merge() with raise",
    () => merge({ image: 9 }, "image", [{ id: 1 }], "id", true),
    'Cannot merge "image" because no row has this "id": 9',
  ],
  [
    "validatedData of what is not valid",
    () => IntegerListSerializer({ data: ["x"] }).validatedData,
    /IntegerListSerializer:\n {2}- 0: A valid integer is required\./,
  ],
];

export const relations: readonly Mistake[] = [
  [
    "a misspelled option",
    () => ids({ route: "images.byIds", mergekey: "id" }),
    /mergekey is not an option/,
  ],
  [
    "onMissing: true",
    () => ids({ route: "images.byIds", onMissing: true }),
    /onMissing must be "null", "keep" or "error"/,
  ],
  [
    "a schema for zod",
    () => remoteField(wrong({}), { route: "images.byIds" }),
    /must be a synchronous valibot schema/,
  ],
  [
    "params without a key",
    () => ids({ route: "images.byIds", params: {} }),
    /params can only be sent beside a key/,
  ],
  [
    "text for a row",
    () => serializer(v.object({ id: v.number() })).serialize(wrong("row")),
    /Cannot serialize/,
  ],
];

export const testing: readonly Mistake[] = [
  [
    'until: "done"',
    () => {
      using recorder = recordCalls();
      return recorder.waitFor("a", wrong({ until: "done" }));
    },
    'Cannot wait for calls of "a": until must be "called" or "settled"',
  ],
  [
    "a misspelled count",
    () => {
      using recorder = recordCalls();
      return recorder.waitFor("a", wrong({ coutn: 2 }));
    },
    'Cannot wait for calls of "a": coutn is not an option',
  ],
  [
    "waitFor() of an undefined task",
    () => {
      using recorder = recordCalls();
      return recorder.waitFor(wrong(undefined));
    },
    /it is undefined: is its task imported/,
  ],
  [
    "a fault without any",
    () => injectFault("a", {}),
    'Cannot inject a fault into "a": it needs one of delay, drop, fail and disconnect',
  ],
  [
    "two faults",
    () => injectFault("a", { drop: true, disconnect: true }),
    'Cannot inject a fault into "a": drop, fail and disconnect exclude each other',
  ],
  [
    "dealy",
    () => injectFault("a", wrong({ dealy: 5 })),
    'Cannot inject a fault into "a": dealy is not an option',
  ],
  [
    "fail: an Error",
    () => injectFault("a", { fail: wrong(new Error("x")) }),
    'Cannot inject a fault into "a": fail must be a TaskError or a ValidationError',
  ],
  [
    "times: 0",
    () => injectFault("a", { fail: new TaskError("x", "y"), times: 0 }),
    'Cannot inject a fault into "a": times must be 1 or more',
  ],
  [
    "time faked twice",
    () => {
      using first = fakeTime();
      void first;
      return fakeTime();
    },
    /it is fake already: dispose the other fakeTime\(\) first/,
  ],
  [
    "time that goes back",
    async () => {
      using time = fakeTime();
      await time.advance(-1);
    },
    /must be a number of milliseconds from 0 on: -1/,
  ],
];
