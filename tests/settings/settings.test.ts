import assert from "node:assert/strict";
import process from "node:process";
import { afterEach, describe, it } from "node:test";

import fc from "fast-check";

import type { Settings } from "../../mod.ts";
import { configure, SettingsError } from "../../mod.ts";
import { resolveSettings } from "../../src/settings/settings.ts";

const VARIABLES = [
  "URL",
  "USERNAME",
  "PASSWORD",
  "VHOST",
  "HOST",
  "PORT",
  "RPC_TIMEOUT",
  "RPC_SLEEP_TIME",
].map((name) => `AMQP_${name}`);

function problemsOf(resolve: () => unknown): Record<string, string> {
  try {
    resolve();
  } catch (error) {
    assert.ok(error instanceof SettingsError, String(error));
    assert.equal(error.code, "invalid_settings");
    for (const { path } of error.problems)
      assert.ok(error.message.includes(path), `${path} is in the message`);
    return Object.fromEntries(error.problems.map(({ path, message }) => [path, message]));
  }
  throw new Error("nothing was wrong");
}

describe("settings", () => {
  afterEach(() => {
    for (const variable of [...VARIABLES, "AMQP_NAME", "AMQP_ALLOW_REPLY_TO", "ENVIRONMENT"])
      delete process.env[variable];
    configure({ url: undefined, host: undefined, username: undefined, rpcTimeout: undefined });
  });

  it("have defaults", () => {
    assert.deepEqual(resolveSettings(), {
      hosts: [{ host: "localhost", port: 5672, tls: false }],
      username: "guest",
      password: "guest",
      vhost: "/",
      rpcTimeout: 60_000,
      environment: undefined,
      heartbeatSeconds: 30,
      connectTimeout: 10_000,
      reconnect: { initial: 100, max: 10_000, attempts: Infinity },
      frameMax: 131_072,
      maxMessageBytes: 16_777_216,
      tls: {},
      name: "bgtasks",
      allowReplyTo: [],
      inheritHeaders: [],
    });
  });

  it("come from the options before configure(), from configure() before the environment", () => {
    process.env["AMQP_HOST"] = "environment";
    process.env["AMQP_USERNAME"] = "environment";
    process.env["AMQP_VHOST"] = "environment";
    configure({ host: "configured", username: "configured" });
    const { hosts, username, vhost } = resolveSettings({ host: "explicit" });
    assert.deepEqual([hosts[0]?.host, username, vhost], ["explicit", "configured", "environment"]);
  });

  it("read the whole environment, with the timeout in seconds", () => {
    Object.assign(process.env, {
      AMQP_USERNAME: "u",
      AMQP_PASSWORD: "p",
      AMQP_VHOST: "v",
      AMQP_HOST: "h",
      AMQP_PORT: "1234",
      AMQP_RPC_TIMEOUT: "2.5",
      AMQP_RPC_SLEEP_TIME: "0.05",
      AMQP_NAME: "images",
      AMQP_ALLOW_REPLY_TO: "replies., rpc.",
      AMQP_INHERIT_HEADERS: "tenant,locale",
      ENVIRONMENT: "test",
    });
    const { hosts, username, password, vhost, rpcTimeout, environment, name, ...lists } =
      resolveSettings();
    assert.equal(name, "images");
    assert.deepEqual(lists.allowReplyTo, ["replies.", "rpc."]);
    assert.deepEqual(lists.inheritHeaders, ["tenant", "locale"]);
    assert.deepEqual(hosts, [{ host: "h", port: 1234, tls: false }]);
    assert.deepEqual(
      { username, password, vhost, rpcTimeout, environment },
      {
        username: "u",
        password: "p",
        vhost: "v",
        rpcTimeout: 2_500,
        environment: "test",
      },
    );
  });

  for (const [url, expected] of [
    [
      "amqp://h",
      {
        hosts: [{ host: "h", port: 5672, tls: false }],
        username: "guest",
        password: "guest",
        vhost: "/",
      },
    ],
    [
      "amqps://h/",
      {
        hosts: [{ host: "h", port: 5671, tls: true }],
        username: "guest",
        password: "guest",
        vhost: "/",
      },
    ],
    [
      "amqp://u:p%40%2F@h:1/v%2Fw",
      { hosts: [{ host: "h", port: 1, tls: false }], username: "u", password: "p@/", vhost: "v/w" },
    ],
    [
      "amqp://[::1]:1",
      {
        hosts: [{ host: "::1", port: 1, tls: false }],
        username: "guest",
        password: "guest",
        vhost: "/",
      },
    ],
  ] as const) {
    it(`read the URL ${url}`, () => {
      const { hosts, username, password, vhost } = resolveSettings({ url });
      assert.deepEqual({ hosts, username, password, vhost }, expected);
    });
  }

  it("take several hosts, from a list or from the environment", () => {
    const hosts = [
      { host: "a", port: 5672, tls: false },
      { host: "b", port: 5673, tls: false },
    ];
    assert.deepEqual(resolveSettings({ url: ["amqp://a", "amqp://b:5673"] }).hosts, hosts);
    process.env["AMQP_URL"] = "amqp://a, amqp://b:5673";
    assert.deepEqual(resolveSettings().hosts, hosts);
  });

  it("let single keys change parts of a URL of a lower level", () => {
    process.env["AMQP_URL"] = "amqp://u:p@h:1/v";
    const { hosts, username, password } = resolveSettings({ host: "other", password: "new" });
    assert.deepEqual(
      { hosts, username, password },
      {
        hosts: [{ host: "other", port: 1, tls: false }],
        username: "u",
        password: "new",
      },
    );
  });

  it("list every problem at once, with its path", () => {
    const settings = {
      url: "http://h",
      port: "abc",
      hots: "typo",
      rpcTimeout: 0,
      heartbeatSeconds: 0,
      frameMax: 10,
      reconnect: { initial: -1, maximum: 3 },
      tls: { ca: 5 },
      allowReplyTo: "x",
      inheritHeaders: ["tenant", "bgtasks-depth", "x-death"],
    } as unknown as Settings;
    const paths = [
      "url",
      "port",
      "hots",
      "rpcTimeout",
      "heartbeatSeconds",
      "frameMax",
      "reconnect.initial",
      "reconnect.maximum",
      "tls.ca",
      "allowReplyTo",
      "inheritHeaders[1]",
      "inheritHeaders[2]",
    ];
    for (const problems of [
      problemsOf(() => configure(settings)),
      problemsOf(() => resolveSettings(settings)),
    ]) {
      assert.deepEqual(Object.keys(problems).sort(), paths.sort());
      assert.equal(problems["hots"], "is not a setting");
      assert.equal(problems["port"], "must be a whole number from 1 to 65535");
    }
  });

  it("tell every key that is none, and that a list is not settings", () => {
    const mistyped = { hots: "x", prot: 1 } as unknown as Settings;
    assert.deepEqual(Object.keys(problemsOf(() => configure(mistyped))), ["hots", "prot"]);
    const list = [] as unknown as Settings;
    assert.deepEqual(
      problemsOf(() => configure(list)),
      { settings: "must be an object: a list" },
    );
    assert.deepEqual(Object.keys(problemsOf(() => configure({ url: [] }))), ["url"]);
  });

  it("change nothing when configure() finds a problem", () => {
    assert.throws(() => configure({ host: "h", port: -1 }), SettingsError);
    assert.equal(resolveSettings().hosts[0]?.host, "localhost");
  });

  it("name the environment variable that is wrong", () => {
    Object.assign(process.env, {
      AMQP_PORT: "abc",
      AMQP_URL: "localhost",
      AMQP_RPC_TIMEOUT: "soon",
    });
    assert.deepEqual(Object.keys(problemsOf(() => resolveSettings())).sort(), [
      "AMQP_PORT",
      "AMQP_RPC_TIMEOUT",
      "AMQP_URL",
    ]);
  });

  for (const value of [null, 3, "amqp://h", ["url"]] as unknown[]) {
    it(`are refused when they are ${JSON.stringify(value)}`, () => {
      assert.throws(() => configure(value as Settings), SettingsError);
    });
  }

  it("keep passwords out of errors", () => {
    const url = "amqp://user:hunter2@h:port/v";
    for (const settings of [
      { url },
      { url: [url] },
      { url: "amqp://h", password: 22222 },
    ] as unknown as Settings[]) {
      const problems = problemsOf(() => resolveSettings(settings));
      assert.doesNotMatch(JSON.stringify(problems), /hunter2|22222/);
    }
  });

  it("take from a URL what was put into it, whatever the names are", () => {
    const text = fc.string({ minLength: 1, maxLength: 40, unit: "grapheme" });
    const port = fc.integer({ min: 1, max: 65_535 });
    fc.assert(
      fc.property(text, text, text, port, (username, password, vhost, port) => {
        const [user, secret, path] = [username, password, vhost].map(encodeURIComponent);
        const url = `amqp://${user}:${secret}@broker.example:${port}/${path}`;
        const resolved = resolveSettings({ url });
        assert.deepEqual(resolved.hosts, [{ host: "broker.example", port, tls: false }]);
        assert.deepEqual(
          [resolved.username, resolved.password, resolved.vhost],
          [username, password, vhost],
        );
      }),
    );
  });

  for (const vhost of [".", "..", "a/..", "%2E"]) {
    it(`take the virtual host "${vhost}" from a URL, not as a step of its path`, () => {
      const url = `amqp://broker.example/${encodeURIComponent(vhost)}`;
      assert.equal(resolveSettings({ url }).vhost, vhost);
      assert.equal(
        resolveSettings({ url: `amqp://broker.example/${vhost}` }).vhost,
        decodeURIComponent(vhost),
      );
    });
  }

  it("of any kind resolve, or throw one SettingsError that does not tell the password", () => {
    const password = "hunter2-and-more";
    const url = fc.oneof(
      fc.string(),
      fc.string().map((rest) => `amqp://me:${password}@${rest}`),
      fc.string().map((rest) => `amqp:${rest}//me:${password}@host`),
    );
    const anything = fc.oneof(fc.anything(), fc.integer(), fc.string());
    const keys = ["port", "host", "rpcTimeout", "heartbeatSeconds", "reconnect", "tls", "unknown"];
    const settings = fc.record(
      {
        url: fc.oneof(url, fc.array(url)),
        ...Object.fromEntries(keys.map((key) => [key, anything])),
      },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(settings, (given) => {
        try {
          resolveSettings({ ...(given as Settings), password });
        } catch (error) {
          assert.ok(error instanceof SettingsError, String(error));
          assert.ok(error.problems.length > 0);
          assert.ok(!(error.message + JSON.stringify(error)).includes(password), error.message);
        }
      }),
    );
  });
});

describe("a broker's URL", () => {
  // Each of them has the password, or a part of it, where a host or a virtual host would be.
  for (const url of [
    "amqp:/user:s3cr3t@host/v",
    "amqp:user:s3cr3t@host/v",
    "amqp:///user:s3cr3t@host/v",
    "amqp:////user:s3cr3t@host/v",
    "amqp://host/user:s3cr3t@other/v",
    "amqp://host/v/user:s3cr3t@other",
    "amqp:\\\\user:s3cr3t@host/v",
    "amqp:/\\user:s3cr3t@host/v",
    "amqp:",
    "amqp:///v",
    "amqp://",
    "amqp:host",
    "amqp://user:12/s3cr3t@host/v",
    "amqp://user:12?s3cr3t@host/v",
    "amqp://user:12#s3cr3t@host/v",
    "amqp://user:s3cr3t@host/v#w",
    "amqp://user%3As3cr3t%40host/v",
    "amqp://abc%3As3cr3t/v",
    "amqp://user:s3cr3t@/v",
    "amqp://user:s3cr3t@:5672/v",
    "amqp://user:s3cr3t@a,amqp://user:s3cr3t@b",
    "user:s3cr3t@host/v",
    "//user:s3cr3t@host/v",
    "http://user:s3cr3t@host/v",
  ]) {
    it(`is refused without telling it: ${url}`, () => {
      for (const settings of [{ url }, { url: [url, "amqp://h"] }]) {
        const problems = problemsOf(() => resolveSettings(settings));
        assert.deepEqual(Object.keys(problems), [
          typeof settings.url === "string" ? "url" : "url[0]",
        ]);
        assert.doesNotMatch(JSON.stringify(problems), /s3cr3t/);
      }
      process.env["AMQP_URL"] = url.replaceAll(",", ";");
      try {
        assert.deepEqual(Object.keys(problemsOf(() => resolveSettings())), ["AMQP_URL"]);
      } finally {
        delete process.env["AMQP_URL"];
      }
    });
  }

  for (const [url, host, vhost] of [
    ["AMQP://h", "h", "/"],
    [" amqp://u:p@h/v\n", "h", "v"],
    ["amqp://u:p@my_host-1.example.:5672/v?heartbeat=10", "my_host-1.example.", "v"],
    ["amqp://u:p@10.0.0.1/%2e%2e", "10.0.0.1", ".."],
    ["amqp://u:p@h/a%40b", "h", "a@b"],
  ] as const) {
    it(`is taken: ${JSON.stringify(url)}`, () => {
      const { hosts, vhost: found } = resolveSettings({ url });
      assert.deepEqual([hosts[0]?.host, found], [host, vhost]);
    });
  }
});

describe("the parts of an endpoint", () => {
  for (const host of [
    "user:pw@h",
    "h:5672",
    "bad:5672",
    "amqp://h",
    "h/v",
    "a b",
    "[::1]",
    "a,b",
  ]) {
    it(`refuse "${host}" as a host`, () => {
      assert.deepEqual(Object.keys(problemsOf(() => resolveSettings({ host }))), ["host"]);
    });
  }

  for (const host of ["h", "a.b-c_d", "::1", "fe80::1%eth0", "10.0.0.1", "bücher.example"]) {
    it(`take "${host}" as a host`, () => {
      assert.equal(resolveSettings({ host }).hosts[0]?.host, host);
    });
  }

  it("refuse a login that the handshake cannot carry, wherever its halves come from", () => {
    const long = "x".repeat(7_001);
    assert.deepEqual(Object.keys(problemsOf(() => resolveSettings({ password: long }))), [
      "password",
    ]);
    assert.deepEqual(Object.keys(problemsOf(() => resolveSettings({ username: long }))), [
      "username",
    ]);
    const url = `amqp://u:${long}@h`;
    assert.deepEqual(Object.keys(problemsOf(() => resolveSettings({ url }))), ["url"]);
    const half = "é".repeat(2_000);
    const both = { url: `amqp://${half}@h`, password: half };
    assert.deepEqual(Object.keys(problemsOf(() => resolveSettings(both))), ["password"]);
    assert.deepEqual(Object.keys(problemsOf(() => resolveSettings({ vhost: "v".repeat(256) }))), [
      "vhost",
    ]);
  });
});

describe("settings within settings", () => {
  afterEach(() => configure({ reconnect: undefined, tls: undefined }));

  it("are merged key by key, over several calls and levels", () => {
    configure({ reconnect: { initial: 5 }, tls: { ca: "a", servername: "s" } });
    configure({ reconnect: { max: 50 }, tls: { cert: "c" } });
    const { reconnect, tls } = resolveSettings({
      reconnect: { attempts: 8, max: undefined },
      tls: { ca: "b" },
    });
    assert.deepEqual(reconnect, { initial: 5, max: 50, attempts: 8 });
    assert.deepEqual(tls, { ca: "b", cert: "c", servername: "s" });
  });

  it("are taken back one by one, or together", () => {
    configure({ reconnect: { initial: 5, max: 50 } });
    configure({ reconnect: { initial: undefined } });
    assert.deepEqual(resolveSettings().reconnect, { initial: 100, max: 50, attempts: Infinity });
    configure({ reconnect: undefined });
    assert.equal(resolveSettings().reconnect.max, 10_000);
  });
});
