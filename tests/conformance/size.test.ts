import assert from "node:assert/strict";
import { it } from "node:test";

import { onBothAdapters } from "../support/adapters.ts";

onBothAdapters("a body", (adapter) => {
  it("over maxMessageBytes is refused where it is seen first, and the connection stays", async () => {
    await using bench = adapter.open();
    bench.registry(bench.route(), (length: number | string) =>
      typeof length === "number" ? "x".repeat(length) : length.length,
    );
    await bench.worker({ settings: { maxMessageBytes: 2_000 } });
    const generous = bench.client();
    const strict = bench.client({ settings: { maxMessageBytes: 1_000 } });
    const seen = (client: typeof strict, input: unknown): Promise<unknown> =>
      client
        .call(bench.route(), input)
        .catch((error: Error & { code: string }) => `${error.name} ${error.code}`);

    assert.equal(await seen(strict, "x".repeat(998)), 998);
    assert.equal(
      await seen(strict, "x".repeat(999)),
      "BgtasksError too_large",
      "the client's own request",
    );
    assert.equal(await seen(strict, 999), "BgtasksError too_large", "the reply at the client");
    assert.equal(await seen(generous, "x".repeat(1_998)), 1_998);
    assert.equal(
      await seen(generous, "x".repeat(1_999)),
      "RemoteError too_large",
      "the request at the worker",
    );
    assert.equal(await seen(generous, 1_999), "RemoteError too_large", "the worker's own reply");
    assert.equal(await seen(strict, 998), "x".repeat(998));
    assert.equal(await seen(generous, 1_998), "x".repeat(1_998));
  });

  it("that nests too deep is refused, and one that nests deep is not", async () => {
    await using bench = adapter.open();
    bench.registry(bench.route(), (input: unknown) => input);
    bench.registry(bench.route("deep"), () => nested(2_001));
    await bench.worker();
    const client = bench.client();
    assert.deepEqual(
      JSON.stringify(await client.call(bench.route(), nested(2_000))),
      JSON.stringify(nested(2_000)),
    );
    await assert.rejects(client.call(bench.route(), nested(2_001)), {
      name: "RemoteError",
      code: "bad_request",
    });
    await assert.rejects(client.call(bench.route("deep")), {
      name: "ProtocolError",
      message: /2000 levels/,
    });
    const brackets = '[{"]}'.repeat(3_000);
    assert.equal(await client.call(bench.route(), brackets), brackets);
  });
});

function nested(depth: number): unknown {
  let value: unknown = "x".repeat(100);
  for (let i = 0; i < depth; i++) value = i % 2 ? [value] : { a: value };
  return value;
}
