/** What `node --cpu-prof` writes, as far as it is read here. */
export interface CPUProfile {
  readonly nodes: readonly {
    readonly id: number;
    readonly callFrame: { readonly functionName: string; readonly url: string };
  }[];
  readonly samples: readonly number[];
  readonly timeDeltas: readonly number[];
}

export interface StageTime {
  readonly stage: string;
  readonly microseconds: number;
}

/** Which stage a function belongs to: the first rule that matches `name url`. */
const RULES: readonly (readonly [stage: string, pattern: RegExp])[] = [
  ["idle", /^\(idle\)/],
  ["garbage collection", /^\(garbage collector\)/],
  [
    "write to the socket",
    /^(?:writeBuffer|writev?|writeUtf8String|_write\w*|afterWrite\w*|onWrite\w*|doWrite) |amqp\/outbox/,
  ],
  ["JSON and UTF-8, reading", /^(?:readJSON|readText|readBody|utf8Slice|isTooDeep) |json_depth/],
  [
    "JSON and UTF-8, writing",
    /^(?:writeJSON|mayLose|writeValue|encode\w*|#body|#utf8) |byte_length/,
  ],
  [
    "read frames",
    /amqp-(?:base-client|view|message|channel|socket-client)|property_reader|frame_reader|incoming_message|^(?:onStreamRead|readableAdd\w*|addChunk|parseFrames|push) /,
  ],
  ["write frames", /frame_writer|amqp_caller/],
  ["reply queue's check", /reply_to/],
  ["pending calls and deadlines", /src\/(?:client|time)/],
  [
    "take, dispatch and answer",
    /src\/(?:worker|tasks)|delivery_queue|source_consumer|amqp_delivery/,
  ],
  [
    "promises and ticks",
    /^(?:runMicrotasks|processTicksAndRejections|nextTick|runNextTicks|processImmediate) /,
  ],
  ["start of the process", /esm\/|modules\/|bootstrap\/|compileSourceTextModule|vm:/],
  ["the benchmark itself", /bench\/(?:host|rows)/],
];

/** Adds up the time of functions by stage, largest first; without idling and the start of the process. */
export function toStages({ nodes, samples, timeDeltas }: CPUProfile): StageTime[] {
  const stages = new Map(
    nodes.map(({ id, callFrame: { functionName, url } }) => [
      id,
      toStage(`${functionName} ${url}`),
    ]),
  );
  const times = new Map<string, number>();
  for (const [index, id] of samples.entries()) {
    const stage = stages.get(id) ?? "other";
    times.set(stage, (times.get(stage) ?? 0) + (timeDeltas[index] ?? 0));
  }
  for (const stage of ["idle", "start of the process"]) times.delete(stage);
  return [...times]
    .map(([stage, microseconds]) => ({ stage, microseconds }))
    .sort((a, b) => b.microseconds - a.microseconds);
}

function toStage(text: string): string {
  return RULES.find(([, pattern]) => pattern.test(text))?.[0] ?? "runtime and other";
}
