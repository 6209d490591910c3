import { VERSION } from "../../version.ts";
import { count } from "../terminal/output.ts";
import type { SchemaSummary } from "../schemas/schema_summary.ts";
import type { CallExample } from "./call_examples.ts";
import { callExamples, sendExamples } from "./call_examples.ts";
import type { DescribedJob, DescribedTask } from "./described_task.ts";
import { PAGE_SCRIPT, PAGE_STYLE } from "./page_style.ts";
import type { ProjectInfo } from "./project_info.ts";

/** Nothing is loaded from anywhere, and nothing runs but what is in the page. */
const POLICY = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'";

/** Routes, schemas and examples of calls on one page that needs nothing else. */
export function htmlPage(
  info: ProjectInfo,
  tasks: readonly DescribedTask[],
  jobs: readonly DescribedJob[] = [],
): string {
  const { title, version, description } = info;
  const sections = [...tasks.map(sectionOfTask), ...jobs.map(sectionOfJob)];
  const entries = sections.map(
    ({ route, kind }) =>
      `<li data-route="${escape(route)}"><a href="#${anchor(kind, route)}"><code>${escape(route)}</code></a></li>`,
  );
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="${POLICY}">
<meta name="generator" content="bgtasks ${VERSION}">
<title>${escape(title)}: tasks</title>
<style>${PAGE_STYLE}</style>
</head>
<body>
<div class="page">
<nav>
<h1>${escape(title)}</h1>
<p>version ${escape(version)} · ${countTasks(tasks, jobs)}</p>
<input type="search" placeholder="Find a route" aria-label="Find a route" hidden>
<ul>
${entries.join("\n")}
</ul>
</nav>
<main>${description === undefined ? "" : `\n<p>${escape(description)}</p>`}
<p>Tasks that can be called over RabbitMQ. A route is the name of a queue; input and reply are JSON.</p>${jobs.length === 0 ? "" : "\n<p>A job is sent, and done later: nobody waits for a reply.</p>"}
${sections.map((section, index) => writeSection(section, index)).join("\n")}
</main>
</div>
<script>${PAGE_SCRIPT}</script>
</body>
</html>
`;
}

/** How many there are of both kinds. */
export function countTasks(tasks: readonly unknown[], jobs: readonly unknown[]): string {
  if (jobs.length === 0) return count(tasks.length, "task");
  const both = tasks.length === 0 ? "" : `${count(tasks.length, "task")} and `;
  return both + count(jobs.length, "job");
}

/** What the page tells of a task or a job. */
interface Section {
  readonly kind: "route" | "job";
  readonly route: string;
  readonly file: string;
  readonly description: string | undefined;
  /** Names, and what they are as HTML. */
  readonly rows: readonly (readonly [string, string])[];
  readonly examples: readonly CallExample[];
}

function sectionOfTask(task: DescribedTask): Section {
  const { route, file, input, output, yields, options } = task;
  const { queue, description } = options;
  const rows = [
    ["Input", schema(input, "not checked")] as const,
    yields
      ? (["Stream of", schema(yields, "")] as const)
      : (["Reply", schema(output, "not described")] as const),
    ...rowsOf(options),
    ...(queue === undefined
      ? []
      : [["Queue", `<code>${escape(JSON.stringify(queue))}</code>`] as const]),
  ];
  return { kind: "route", route, file, description, rows, examples: callExamples(task) };
}

function sectionOfJob(job: DescribedJob): Section {
  const { route, file, input, options } = job;
  const { retry, exchange, description } = options;
  const attempts =
    typeof retry === "function"
      ? "a function decides on each"
      : `${retry.attempts}, the second after ${retry.delay} ms, the others ${retry.factor} times later each, ${retry.max} ms at most`;
  const rows = [
    ["Kind", "job"] as const,
    ["Input", schema(input, "not checked")] as const,
    ["Attempts", attempts] as const,
    ...rowsOf(options),
    ...(exchange === undefined ? [] : [["Exchange", `<code>${escape(exchange)}</code>`] as const]),
  ];
  return { kind: "job", route, file, description, rows, examples: sendExamples(job) };
}

function rowsOf({
  concurrency,
  timeout,
}: {
  readonly concurrency?: number;
  readonly timeout?: number;
}): (readonly [string, string])[] {
  return [
    ...(concurrency === undefined
      ? []
      : [["Concurrency", `${concurrency} at a time in each worker`] as const]),
    ...(timeout === undefined ? [] : [["Timeout", `${timeout} ms`] as const]),
  ];
}

function writeSection(section: Section, index: number): string {
  const { kind, route, file, description, rows, examples } = section;
  return `<section id="${anchor(kind, route)}" data-route="${escape(route)}">
<h2><a href="#${anchor(kind, route)}"><code>${escape(route)}</code></a></h2>
<p class="file">${escape(file)}</p>${description === undefined ? "" : `\n<p>${escape(description)}</p>`}
<dl>
${rows.map(([name, html]) => `<dt>${name}</dt><dd>${html}</dd>`).join("\n")}
</dl>
<div class="tabs">
${examples.map((example, tab) => panel(example, index, tab)).join("\n")}
</div>
</section>`;
}

function schema(summary: SchemaSummary | undefined, none: string): string {
  if (!summary) return `<span class="none">${none}</span>`;
  const { type, vendor, jsonSchema } = summary;
  const shown =
    type === undefined ? `a schema of ${escape(vendor)}` : `<code>${escape(type)}</code>`;
  if (!jsonSchema) return shown;
  const json = highlight(JSON.stringify(jsonSchema, null, 2));
  return `${shown}<details><summary>JSON Schema</summary><pre>${json}</pre></details>`;
}

function panel({ name, code }: CallExample, index: number, tab: number): string {
  const id = `example-${index}-${tab}`;
  return `<input type="radio" name="example-${index}" id="${id}"${tab === 0 ? " checked" : ""}><label for="${id}">${name}</label>
<div class="panel"><button type="button" hidden>Copy</button><pre>${highlight(code)}</pre></div>`;
}

/** A text or a name before a colon; a word of the languages that are shown. */
const TOKEN =
  /("(?:[^"\\]|\\.)*")(?=(:)?)|\b(?:import|type|from|const|new|await|typeof|def|true|false|null|True|False|None)\b/g;

function highlight(code: string): string {
  let html = "";
  let end = 0;
  for (const match of code.matchAll(TOKEN)) {
    const [token, text, colon] = match;
    const kind = text === undefined ? "k" : colon === undefined ? "s" : "n";
    html += `${escape(code.slice(end, match.index))}<span class="${kind}">${escape(token)}</span>`;
    end = match.index + token.length;
  }
  return html + escape(code.slice(end));
}

/** As an id and as a link to it: a percent sign in an id is taken as it is. */
function anchor(kind: Section["kind"], route: string): string {
  return `${kind}-${encodeURIComponent(route.replaceAll(/\p{Surrogate}/gu, "?")).replaceAll("'", "%27")}`;
}

const ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

function escape(text: string): string {
  return text.replaceAll(/[&<>"']/g, (character) => ENTITIES[character] ?? character);
}
