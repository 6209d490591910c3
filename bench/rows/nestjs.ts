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
import { firstValueFrom } from "rxjs";

import { echo, type Row, type Target } from "./row.ts";

/** Its RabbitMQ transport with the options of its documentation; by default its workers acknowledge nothing. */
export const nestjs: Row = {
  async openWorker(target) {
    // Decorators without their syntax, which not every runtime here takes.
    class EchoController {
      echo(input: unknown): unknown {
        return echo(input);
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
  },

  async openClient(target) {
    const { Logger } = await import("@nestjs/common");
    Logger.overrideLogger(false);
    const client = ClientProxyFactory.create(toOptions(target));
    await client.connect();
    return {
      call: (input) => firstValueFrom(client.send("echo", input as object)),
      close: async () => {
        await client.close();
      },
    };
  },
};

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
