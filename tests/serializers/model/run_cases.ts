/** How many cases there are, and the seed of the first: `BGTASKS_MODEL_CASES=84000 BGTASKS_MODEL_SEED=7`. */
const wanted = process.env["BGTASKS_MODEL_CASES"];
const first = Number(process.env["BGTASKS_MODEL_SEED"] ?? Math.floor(Math.random() * 2 ** 31));

/**
 * Runs a case for each seed. An error tells the seed that brings it back.
 *
 * @param few how many cases there are where nobody says: fewer where they take longer
 */
export async function runCases(
  name: string,
  check: (seed: number) => Promise<void>,
  few = 2_000,
): Promise<void> {
  const cases = Number(wanted ?? few);
  for (let seed = first; seed < first + cases; seed++) {
    try {
      await check(seed);
    } catch (error) {
      const again = `BGTASKS_MODEL_SEED=${seed} BGTASKS_MODEL_CASES=1`;
      throw new Error(`${name} differs from its model; again with ${again}`, { cause: error });
    }
  }
  console.log(`${name}: ${cases} cases from seed ${first} agree with the model`);
}
