// oxlint-disable-next-line import/no-unassigned-import -- adds to Reflect, as the framework asks
import "reflect-metadata";

import { Controller, Module } from "@nestjs/common";
import { NestFactory } from "@nestjs/core";
import {
  ClientProxyFactory,
  MessagePattern,
  type RmqOptions,
  Transport,
} from "@nestjs/microservices";
import { lastValueFrom, map, range } from "rxjs";

import { type Client, type Closeable, echo, type Row, type Target } from "./row.ts";

/** Its RabbitMQ transport with the options of its documentation; by default its workers acknowledge nothing. */
export const nestjs: Row = nestjsRow(echo);

/** The same with an observable as the answer: a message for each item, as far ahead of its reader as it likes. */
export function nestjsStreams(count: (item: unknown) => number): Row {
  return nestjsRow((input) => range(0, count(input)).pipe(map(() => input)));
}

/** @param answer what its handler returns */
function nestjsRow(answer: (input: unknown) => unknown): Row {
  return { openWorker: (target) => openWorker(target, answer), openClient };
}

async function openWorker(target: Target, answer: (input: unknown) => unknown): Promise<Closeable> {
  // Decorators without their syntax, which not every runtime here takes.
  class EchoController {
    echo(input: unknown): unknown {
      return answer(input);
    }
  }
  const descriptor = Object.getOwnPropertyDescriptor(EchoController.prototype, "echo");
  MessagePattern("echo")(EchoController.prototype, "echo", descriptor ?? {});
  Reflect.defineMetadata("design:paramtypes", [Object], EchoController.prototype, "echo");
  Controller()(EchoController);
  // oxlint-disable-next-line typescript/no-extraneous-class -- a module is one
  class EchoModule {}
  Module({ controllers: [EchoController] })(EchoModule);
  const app = await NestFactory.createMicroservice<RmqOptions>(EchoModule, {
    ...toOptions(target),
    logger: false,
  });
  await app.listen();
  return { close: () => app.close() };
}

async function openClient(target: Target): Promise<Client> {
  const { Logger } = await import("@nestjs/common");
  Logger.overrideLogger(false);
  const client = ClientProxyFactory.create(toOptions(target));
  await client.connect();
  return {
    // The one reply, or the last item.
    call: (input) => lastValueFrom(client.send("echo", input as object)),
    close: async () => {
      await client.close();
    },
  };
}

function toOptions({ url, route, prefetch }: Target): RmqOptions {
  return {
    transport: Transport.RMQ,
    options: {
      urls: [url],
      queue: route,
      queueOptions: { durable: true },
      prefetchCount: prefetch,
    },
  };
}
