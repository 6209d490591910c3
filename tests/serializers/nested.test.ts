import assert from "node:assert/strict";
import { it } from "node:test";

import * as v from "valibot";

import { ProtocolError, remoteField, serializer } from "../../mod.ts";
import { onBothAdapters } from "../support/adapters.ts";
import { makeImages, startServices } from "./services.ts";

interface Country {
  readonly code: string;
  readonly borders: readonly string[];
  readonly flag: number;
}

const countries: Readonly<Record<string, Country>> = {
  UZ: { code: "UZ", borders: ["KZ", "TM"], flag: 1 },
  KZ: { code: "KZ", borders: ["UZ"], flag: 2 },
  TM: { code: "TM", borders: [], flag: 3 },
};

const findCountries = ({ codes }: { codes: string[] }) =>
  codes.flatMap((code) => countries[code] ?? []);

onBothAdapters("nested serializers", (adapter) => {
  it("cost one call for each route and level, however many rows there are", async () => {
    await using services = await startServices(
      { countries: findCountries, flags: makeImages, mayors: makeImages },
      adapter.open(),
    );
    const { route } = services;
    const flag = remoteField(v.number(), { route: route.flags });
    const Neighbour = serializer(v.object({ code: v.string(), flag }));
    const byCode = { route: route.countries, key: "codes", mergeKey: "code" } as const;
    const CountrySerializer = serializer(
      v.object({
        code: v.string(),
        flag,
        borders: v.array(remoteField(v.string(), { ...byCode, serializer: Neighbour })),
      }),
    );
    const MayorSerializer = serializer(
      v.object({
        path: v.string(),
        photo: remoteField(v.number(), { route: route.flags, source: "id" }),
      }),
    );
    const CitySerializer = serializer(
      v.object({
        name: v.string(),
        country: remoteField(v.string(), { ...byCode, serializer: CountrySerializer }),
        mayor: remoteField(v.number(), { route: route.mayors, serializer: () => MayorSerializer }),
      }),
      services,
    );
    const rows = Array.from({ length: 100 }, (_, index) => ({
      name: `city ${index}`,
      country: index % 2 === 0 ? "UZ" : "KZ",
      mayor: 9,
    }));

    const cities = await CitySerializer.serialize(rows);

    const image = (id: number) => ({ id, path: `/${id}.jpg` });
    assert.deepEqual(cities[98], {
      name: "city 98",
      country: {
        code: "UZ",
        flag: image(1),
        borders: [
          { code: "KZ", flag: image(2) },
          { code: "TM", flag: image(3) },
        ],
      },
      mayor: { path: "/9.jpg", photo: image(9) },
    });
    assert.equal(cities[0]?.country, cities[98]?.country);
    assert.ok(Object.isFrozen(cities[0]?.country));
    assert.deepEqual(services.bodies("mayors"), [[9]]);
    // First for the cities, then for the borders of their countries.
    assert.deepEqual(services.bodies("countries"), [
      { codes: ["UZ", "KZ"] },
      { codes: ["KZ", "TM", "UZ"] },
    ]);
    // Second level: countries and mayors together; third: the neighbours.
    assert.deepEqual(
      services.bodies("flags").map((ids) => (ids as number[]).sort((a, b) => a - b)),
      [
        [1, 2, 9],
        [1, 2, 3],
      ],
    );
  });

  it("tell which route's rows they cannot represent", async () => {
    await using services = await startServices(
      { countries: () => [{ code: "UZ", borders: "KZ" }] },
      adapter.open(),
    );
    const route = services.route.countries;
    const borders = v.array(remoteField(v.string(), { route, mergeKey: "code" }));
    const country = (schema: Parameters<typeof serializer>[0]) =>
      serializer(
        v.object({
          country: remoteField(v.string(), {
            route,
            mergeKey: "code",
            serializer: serializer(schema),
          }),
        }),
        services,
      ).serialize([{ country: "UZ" }]);
    const refused = (rule: string) => (error: unknown) => {
      assert.ok(error instanceof ProtocolError, String(error));
      assert.equal(error.message, `Cannot use the reply of "${route}":\n  - ${rule}`);
      return true;
    };
    await assert.rejects(country(v.object({ borders })), refused("borders: Must be array."));
    await assert.rejects(
      country(v.object({ name: v.string() })),
      refused("name: This field is required."),
    );
  });

  it("resolve ids a hundred thousand at a time, in calls of a thousand", async () => {
    await using services = await startServices({ images: makeImages }, adapter.open());
    const image = remoteField(v.number(), { route: services.route.images, maxBatch: 1_000 });
    const rows = Array.from({ length: 100_000 }, (_, id) => ({ image: id }));
    const result = await serializer(v.object({ image }), services).serialize(rows);
    assert.ok(result.every((row, id) => row.image?.["path"] === `/${id}.jpg`));
    assert.equal(services.calls.length, 100);
  });
});
