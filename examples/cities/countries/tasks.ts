/** The countries service: it owns the countries of the world and gives them out by their codes. */
import { RPCResponse, type RPCSuccess, type RPCTask, rpcTasks } from "bgtasks";
import * as v from "valibot";
import type { Country as CountryRecord } from "world-countries";
import data from "world-countries";

export interface Country {
  /** ISO 3166-1 alpha-2, e.g. "NL". */
  readonly cca2: string;
  /** ISO 3166-1 alpha-3, e.g. "NLD". */
  readonly cca3: string;
  readonly name: string;
  readonly capital: string;
  readonly region: string;
  /** The neighbours, by their alpha-3 codes. */
  readonly borders: readonly string[];
}

// The package is CommonJS, and its types describe an ES module.
const countries: Country[] = (data as unknown as readonly CountryRecord[]).map(
  ({ cca2, cca3, name, capital, region, borders }) => ({
    cca2,
    cca3,
    name: name.common,
    capital: capital.join(", "),
    region,
    borders,
  }),
);
const byAlpha2 = new Map(countries.map((country) => [country.cca2, country]));
const byAlpha3 = new Map(countries.map((country) => [country.cca3, country]));

const codes = (length: number) => v.array(v.pipe(v.string(), v.length(length)));

export const countriesByCode: RPCTask<
  "countries.byCode",
  string[],
  RPCSuccess<Country[]>
> = rpcTasks("countries.byCode", { input: codes(2) }, (wanted) =>
  RPCResponse({ data: wanted.flatMap((code) => byAlpha2.get(code) ?? []) }),
);

export const countriesByAlpha3: RPCTask<
  "countries.byAlpha3",
  string[],
  RPCSuccess<Country[]>
> = rpcTasks("countries.byAlpha3", { input: codes(3) }, (wanted) =>
  RPCResponse({ data: wanted.flatMap((code) => byAlpha3.get(code) ?? []) }),
);
