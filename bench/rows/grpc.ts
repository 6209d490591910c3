import { once } from "node:events";

import type { Row, Target } from "./row.ts";

/** gRPC's path of the one method. */
const PATH = "/bench.Streams/items";

/** gRPC over 127.0.0.1, with no broker between. Messages are JSON, as those of the others are. */
export function grpcStreams(count: (item: unknown) => number): Row {
  return {
    async openWorker(target) {
      const { Server, ServerCredentials } = await import("@grpc/grpc-js");
      const server = new Server();
      const method = {
        path: PATH,
        requestStream: false,
        responseStream: true,
        requestSerialize: write,
        requestDeserialize: read,
        responseSerialize: write,
        responseDeserialize: read,
      };
      server.addService(
        { items: method },
        {
          async items(call: Responding) {
            for (let n = count(call.request); n > 0; n--)
              if (!call.write(call.request)) await once(call, "drain");
            call.end();
          },
        },
      );
      const credentials = ServerCredentials.createInsecure();
      await new Promise<void>((resolve, reject) => {
        server.bindAsync(addressOf(target), credentials, (error) =>
          error ? reject(error) : resolve(),
        );
      });
      return {
        close: () => {
          server.forceShutdown();
          return Promise.resolve();
        },
      };
    },

    async openClient(target) {
      const { Client, credentials } = await import("@grpc/grpc-js");
      const client = new Client(addressOf(target), credentials.createInsecure());
      return {
        async call(input) {
          let last: unknown;
          const items = client.makeServerStreamRequest(PATH, write, read, input);
          for await (const item of items) last = item;
          return last;
        },
        close: () => Promise.resolve(client.close()),
      };
    },
  };
}

/** A call at the server, as far as it is used here. */
interface Responding extends NodeJS.EventEmitter {
  readonly request: unknown;
  write(item: unknown): boolean;
  end(): void;
}

function write(value: unknown): Buffer {
  return Buffer.from(JSON.stringify(value));
}

function read(bytes: Buffer): unknown {
  return JSON.parse(bytes.toString());
}

/** A port for each route, which both processes know. */
function addressOf({ route }: Target): string {
  let hash = 0;
  for (const letter of route) hash = (hash * 31 + letter.charCodeAt(0)) % 20_000;
  return `127.0.0.1:${20_000 + hash}`;
}
