import assert from "node:assert/strict";
import { describe, it } from "node:test";

import * as v from "valibot";

import { remoteField, serializer } from "../../mod.ts";
import { FakeClient } from "./fake_client.ts";

const FIELDS = Array.from({ length: 20 }, (_, index) => `f${index}`);
const ROWS = 50;

for (const [name, id, toId] of [
  ["numbers", v.number(), (id: number) => id],
  ["text", v.string(), (id: number) => `a${id}`],
  ["text of numbers", v.pipe(v.string(), v.transform(Number)), String],
] as const) {
  describe(`twenty fields of one route, by ids that are ${name}`, () => {
    it("take work for each id, not for each id in each field", async (t) => {
      const services = new FakeClient({
        images: (ids: unknown[]) => ids.map((id) => ({ id })),
      });
      const fields = FIELDS.map((field) => [
        field,
        // Fields of their own: each has its ids.
        remoteField(id as v.GenericSchema<unknown, string | number>, { route: "images" }),
      ]);
      const Serializer = serializer(
        v.object(Object.fromEntries(fields) as Record<string, v.GenericSchema>),
        services,
      );
      let next = 0;
      const rows = Array.from({ length: ROWS }, () =>
        Object.fromEntries(FIELDS.map((field) => [field, toId(next++)])),
      );
      const counted = t.mock.method(Map.prototype, "set");
      const represented = await Serializer.serialize(rows);
      counted.mock.restore();
      assert.equal(services.bodies("images").length, 1);
      assert.ok(represented.every((row) => FIELDS.every((field) => row[field] !== null)));
      const each = counted.mock.callCount() / next;
      assert.ok(each < 6, `${each} entries of maps for each id`);
    });
  });
}
