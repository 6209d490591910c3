import { isBrokerURL, isHost, MAX_LOGIN } from "./broker_url.ts";
import { byteLength } from "../messages/byte_length.ts";
import { isOfBroker, isOwnHeader } from "../messages/headers.ts";
import { MAX_TIMEOUT } from "../time/max_timeout.ts";
import type { Rule } from "../options/rules.ts";
import {
  all,
  listOf,
  must,
  name,
  numberAbove0,
  numberFrom,
  objectOf,
  text,
  wholeNumber,
} from "../options/rules.ts";

/** Sizes are at most what 32 bits with a sign hold, in bytes. */
const MAX_INT32 = 2 ** 31 - 1;

/** What settings have to be, those of the environment included. */
export function settingsRule(): Rule {
  const time = numberAbove0(MAX_TIMEOUT, `must be a number above 0, at most ${MAX_TIMEOUT}`);
  const number = numberFrom(-Infinity, Infinity, "must be a number");
  return objectOf(
    {
      url: brokerURLs,
      // The login travels in one frame, of which the client library makes no larger one.
      username: all(name, atMost(MAX_LOGIN)),
      password: all(text, atMost(MAX_LOGIN)),
      vhost: all(name, atMost(255)),
      host: all(
        name,
        must((value) => isHost(value as string), "must be the name or the address of one host"),
      ),
      port: wholeNumber(1, 65_535),
      rpcTimeout: time,
      rpcSleepTime: number,
      environment: text,
      heartbeatSeconds: wholeNumber(1, 65_535),
      connectTimeout: time,
      reconnect: objectOf(
        {
          initial: time,
          max: time,
          attempts: all(number, numberFrom(1, Infinity, "must be 1 or more")),
        },
        notASetting,
      ),
      // The client library refuses smaller frames, the protocol larger ones.
      frameMax: wholeNumber(8_192, MAX_INT32),
      maxMessageBytes: wholeNumber(1, MAX_INT32),
      tls: objectOf(
        {
          ca: (value) =>
            typeof value === "string"
              ? text(value)
              : listOf(text, "must be a PEM string or a list of them")(value),
          cert: text,
          key: text,
          passphrase: text,
          servername: name,
        },
        notASetting,
      ),
      // Sent with every message, as a short string.
      name: all(name, atMost(200)),
      allowReplyTo: listOf(name, "must be a list of names"),
      inheritHeaders: listOf(
        all(name, must(isSendable, "must not be a header of this library or of the broker")),
        "must be a list of names",
      ),
    },
    notASetting,
  );
}

const brokerURL = all(
  text,
  must(
    (value) => isBrokerURL(value as string),
    "must look like amqp://user:password@host:port/vhost, with %40, %23 and %2F for @, # and / within a name",
  ),
);

const notURLs = "must be amqp:// or amqps:// URLs, one or a list";

function brokerURLs(value: unknown): ReturnType<Rule> {
  if (typeof value === "string") return brokerURL(value);
  const list = all(
    listOf(brokerURL, notURLs),
    must((urls) => (urls as unknown[]).length > 0, notURLs),
  );
  return list(value);
}

function atMost(bytes: number): Rule {
  return must((value) => byteLength(value as string) <= bytes, `must be at most ${bytes} bytes`);
}

function isSendable(header: unknown): boolean {
  return !isOwnHeader(String(header)) && !isOfBroker(String(header));
}

function notASetting(): string {
  return "is not a setting";
}
