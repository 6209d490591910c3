/** The countries service: it owns the countries of the world and gives them out by their two-letter codes. */
import * as v from "valibot";
import type { Country as CountryRecord } from "world-countries";
import data from "world-countries";

import { RPCResponse, rpcTasks } from "bgtasks";
import type { RPCSuccess, RPCTask } from "bgtasks";

export interface Country {
  /** ISO 3166-1 alpha-2, e.g. "NL". */
  readonly cca2: string;
  readonly name: string;
  readonly capital: string;
  readonly region: string;
}

// The package is CommonJS, and its types describe an ES module.
const countries = data as unknown as readonly CountryRecord[];

const byCode = new Map<string, Country>(
  countries.map(({ cca2, name, capital, region }) => [
    cca2,
    { cca2, name: name.common, capital: capital.join(", "), region },
  ]),
);

export const countriesByCode: RPCTask<
  "countries.byCode",
  string[],
  RPCSuccess<Country[]>
> = rpcTasks("countries.byCode", { input: v.array(v.pipe(v.string(), v.length(2))) }, (codes) =>
  RPCResponse({ data: codes.flatMap((code) => byCode.get(code) ?? []) }),
);
