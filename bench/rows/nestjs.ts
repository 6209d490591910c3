// oxlint-disable-next-line import/no-unassigned-import -- adds to Reflect, as the framework asks
import "reflect-metadata";

import { Controller, Module } from "@nestjs/common";
import { NestFactory } from "@nestjs/core";
import {
  type ClientProxy,
  ClientProxyFactory,
  Ctx,
  MessagePattern,
  Payload,
  type RmqContext,
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

function openWorker(target: Target, answer: (input: unknown) => unknown): Promise<Closeable> {
  return openMicroservice(toOptions(target), MessagePattern("echo"), answer);
}

/**
 * Opens a microservice with one handler.
 *
 * @param pattern the decorator of its handler
 * @param handle gets the input, and the message as it came
 */
export async function openMicroservice(
  options: RmqOptions,
  pattern: (target: object, key: string, descriptor: PropertyDescriptor) => unknown,
  handle: (input: unknown, context: RmqContext) => unknown,
): Promise<Closeable> {
  // Decorators without their syntax, which not every runtime here takes.
  class EchoController {
    echo(input: unknown, context: RmqContext): unknown {
      return handle(input, context);
    }
  }
  const descriptor = Object.getOwnPropertyDescriptor(EchoController.prototype, "echo");
  pattern(EchoController.prototype, "echo", descriptor ?? {});
  Payload()(EchoController.prototype, "echo", 0);
  Ctx()(EchoController.prototype, "echo", 1);
  Reflect.defineMetadata("design:paramtypes", [Object, Object], EchoController.prototype, "echo");
  Controller()(EchoController);
  // oxlint-disable-next-line typescript/no-extraneous-class -- a module is one
  class EchoModule {}
  Module({ controllers: [EchoController] })(EchoModule);
  const app = await NestFactory.createMicroservice<RmqOptions>(EchoModule, {
    ...options,
    logger: false,
  });
  await app.listen();
  return { close: () => app.close() };
}

/** A client of its own that is connected, and logs nothing. */
export async function openProxy(options: RmqOptions): Promise<ClientProxy> {
  const { Logger } = await import("@nestjs/common");
  Logger.overrideLogger(false);
  const client = ClientProxyFactory.create(options);
  await client.connect();
  return client;
}

async function openClient(target: Target): Promise<Client> {
  const client = await openProxy(toOptions(target));
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
