/** One of the things that a command of this repository does. */
export interface Part {
  /** For the list of them. */
  readonly about: string;
  readonly run: () => Promise<unknown>;
}

/**
 * Runs the part that the first argument names, or `otherwise` when the first argument is missing or an option. The name
 * is taken out of `process.argv`, so a part reads its own arguments as if it had been started alone.
 */
export async function runPart(
  command: string,
  parts: Readonly<Record<string, Part>>,
  otherwise: string,
): Promise<void> {
  const [first] = process.argv.slice(2);
  const isNamed = first !== undefined && !first.startsWith("-");
  if (isNamed) process.argv.splice(2, 1);
  const name = isNamed ? first : otherwise;
  if (!Object.hasOwn(parts, name)) {
    const lines = Object.entries(parts).map(
      ([known, { about }]) => `  ${known.padEnd(14)} ${about}`,
    );
    console.error(`Cannot run ${command} -- ${name}; there are\n${lines.join("\n")}`);
    process.exitCode = 2;
    return;
  }
  await parts[name]?.run();
}
