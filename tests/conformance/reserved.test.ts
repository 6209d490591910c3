import assert from "node:assert/strict";
import { it } from "node:test";

import { onBothAdapters } from "../support/adapters.ts";

onBothAdapters("headers", (adapter) => {
  it("that begin as the library's own are refused, whether they exist or not", async () => {
    await using bench = adapter.open();
    const route = bench.route();
    bench.registry(route, () => "ran");
    await bench.worker();
    const client = bench.client();
    for (const name of ["bgtasks-error", "bgtasks-attempt", "bgtasks-"]) {
      await assert.rejects(client.call(route, 1, { headers: { [name]: "x" } }), {
        code: "invalid_headers",
        message: new RegExp(`"${name}"`),
      });
    }
    assert.equal(await client.call(route, 1, { headers: { bgtasks: "x" } }), "ran");
  });

  it("that a broker writes or acts on are refused, and the link stands", async () => {
    await using bench = adapter.open();
    const route = bench.route();
    bench.registry(route, () => "ran");
    await bench.worker();
    const client = bench.client();
    for (const name of ["CC", "BCC", "x-death", "x-delivery-count"])
      await assert.rejects(client.call(route, 1, { headers: { [name]: route } }), {
        code: "invalid_headers",
        message: new RegExp(`acts on "${name}"`),
      });
    assert.equal(await client.call(route, 1, { headers: { cc: "x" } }), "ran");
  });

  it("carry 0 in place of −0, as JSON does", async () => {
    await using bench = adapter.open();
    const route = bench.route();
    bench.registry(route, (_: unknown, ctx) => Object.is(ctx.headers["zero"], 0));
    await bench.worker();
    assert.equal(await bench.client().call(route, 1, { headers: { zero: -0 } }), true);
  });
});
