import { IN_FLIGHT } from "../runner/plan.ts";
import type { Results } from "./results.ts";

const ROW = 26;
const NAME = 220;
const PANEL = 210;
const GAP = 24;
const TOP = 84;
/** Room beside a bar for its number. */
const NUMBER = 44;

/** Bars for each row: its calls per second over those of the limit, for the smallest payload in two processes. */
export function toChart(results: Results): string {
  const cells = results.cells.filter(({ mode, payload }) => mode === "two" && payload === "50B");
  const rows = results.rows.filter(({ id }) => cells.some((cell) => cell.row === id));
  const width = NAME + IN_FLIGHT.length * (PANEL + GAP);
  const height = TOP + rows.length * ROW + 16;
  const largest = Math.max(1, ...cells.map(({ ratio }) => ratio.median));
  const parts = [
    `<rect width="${width}" height="${height}" rx="8" fill="#ffffff"/>`,
    text(16, 28, "Calls per second, relative to the limit", 'font-size="15" font-weight="600"'),
    text(
      16,
      48,
      `50 B, two processes, ${results.machine.runtime}, ${results.machine.broker.split(" on ")[0] ?? ""}, ${results.date.slice(0, 10)}`,
      'fill="#59636e"',
    ),
    ...IN_FLIGHT.map((inFlight, panel) =>
      text(
        panelX(panel),
        TOP - 12,
        inFlight === 1 ? "one at a time" : `${inFlight} in flight`,
        'font-weight="600"',
      ),
    ),
    ...rows.flatMap(({ id, title }, index) => {
      const y = TOP + index * ROW;
      const ours = id === "bgtasks";
      return [
        text(16, y + 15, title.replaceAll(/[*`]/g, ""), ours ? 'font-weight="600"' : ""),
        ...IN_FLIGHT.flatMap((inFlight, panel) => {
          const cell = cells.find((cell) => cell.row === id && cell.inFlight === inFlight);
          if (!cell) return [];
          const length = Math.max(2, (cell.ratio.median / largest) * (PANEL - NUMBER));
          const color = ours ? "#0969da" : id === "limit" ? "#8c959f" : "#d0d7de";
          const x = panelX(panel);
          return [
            `<rect x="${x}" y="${y + 3}" width="${length.toFixed(1)}" height="${ROW - 10}" rx="2" fill="${color}"/>`,
            text(x + length + 6, y + 15, cell.ratio.median.toFixed(2)),
          ];
        }),
      ];
    }),
  ];
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" font-family="system-ui, sans-serif" font-size="12" fill="#1f2328">
<title>Calls per second relative to the limit</title>
${parts.join("\n")}
</svg>
`;
}

function panelX(panel: number): number {
  return NAME + panel * (PANEL + GAP);
}

function text(x: number, y: number, content: string, attributes = ""): string {
  const escaped = content.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
  return `<text x="${x.toFixed(1)}" y="${y}"${attributes === "" ? "" : ` ${attributes}`}>${escaped}</text>`;
}
