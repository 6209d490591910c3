import { methodFrame, shortString, uint } from "../../support/amqp_bytes.ts";

/** Announces a message to a consumer. */
export const deliverMethod = (
  channel: number,
  tag: string,
  deliveryTag: number | bigint,
  routingKey = "q",
): Uint8Array =>
  methodFrame(
    channel,
    [60, 60],
    shortString(tag),
    uint(64, deliveryTag),
    Buffer.of(0),
    shortString(""),
    shortString(routingKey),
  );

/** Announces a message that comes back because no queue takes it. */
export const returnMethod = (channel: number, routingKey: string): Uint8Array =>
  methodFrame(
    channel,
    [60, 50],
    uint(16, 312),
    shortString(""),
    shortString(""),
    shortString(routingKey),
  );
