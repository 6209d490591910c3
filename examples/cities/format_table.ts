const COLUMNS = ["city", "population", "country", "capital", "region"] as const;

/** Writes cities, whose country has been merged in, as a table. */
export function formatTable(
  cities: readonly { name: string; population: number; country: unknown }[],
): string {
  const rows = cities.map(({ name, population, country }) => {
    const { name: countryName, capital, region } = country as Record<string, string>;
    return [name, population.toLocaleString("en"), countryName ?? "", capital ?? "", region ?? ""];
  });
  const widths = COLUMNS.map((column, i) =>
    Math.max(column.length, ...rows.map((row) => row[i]?.length ?? 0)),
  );
  const formatRow = (row: readonly string[]): string =>
    row
      .map((cell, i) => (i === 1 ? cell.padStart(widths[i] ?? 0) : cell.padEnd(widths[i] ?? 0)))
      .join("  ")
      .trimEnd();
  return [
    formatRow(COLUMNS),
    widths.map((width) => "─".repeat(width)).join("  "),
    ...rows.map(formatRow),
  ].join("\n");
}
