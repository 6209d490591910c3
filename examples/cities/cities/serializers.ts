/** How the cities service shows a city: with its country, which another service owns, and that country's neighbours. */
import { remoteField, serializer } from "bgtasks";
import * as v from "valibot";

const NeighbourSerializer = serializer(v.object({ cca3: v.string(), name: v.string() }));

const CountrySerializer = serializer(
  v.object({
    cca2: v.string(),
    name: v.string(),
    capital: v.string(),
    region: v.string(),
    borders: v.array(
      remoteField(v.string(), {
        route: "countries.byAlpha3",
        mergeKey: "cca3",
        serializer: NeighbourSerializer,
      }),
    ),
  }),
);

export const CitySerializer = serializer(
  v.object({
    name: v.string(),
    population: v.number(),
    country: remoteField(v.string(), {
      route: "countries.byCode",
      mergeKey: "cca2",
      serializer: CountrySerializer,
    }),
  }),
);
