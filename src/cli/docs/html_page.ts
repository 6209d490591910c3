import { VERSION } from "../../version.ts";
import { count } from "../terminal/output.ts";
import type { SchemaSummary } from "../schemas/schema_summary.ts";
import type { CallExample } from "./call_examples.ts";
import { callExamples } from "./call_examples.ts";
import type { DescribedTask } from "./described_task.ts";
import { PAGE_SCRIPT, PAGE_STYLE } from "./page_style.ts";
import type { ProjectInfo } from "./project_info.ts";

/** Nothing is loaded from anywhere, and nothing runs but what is in the page. */
const POLICY = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'";

/** Routes, schemas and examples of calls on one page that needs nothing else. */
export function htmlPage(info: ProjectInfo, tasks: readonly DescribedTask[]): string {
  const { title, version, description } = info;
  const entries = tasks.map(
    ({ route }) =>
      `<li data-route="${escape(route)}"><a href="#${anchor(route)}"><code>${escape(route)}</code></a></li>`,
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
<p>version ${escape(version)} · ${count(tasks.length, "task")}</p>
<input type="search" placeholder="Find a route" aria-label="Find a route" hidden>
<ul>
${entries.join("\n")}
</ul>
</nav>
<main>${description === undefined ? "" : `\n<p>${escape(description)}</p>`}
<p>Tasks that can be called over RabbitMQ. A route is the name of a queue; input and reply are JSON.</p>
${tasks.map((task, index) => section(task, index)).join("\n")}
</main>
</div>
<script>${PAGE_SCRIPT}</script>
</body>
</html>
`;
}

function section(task: DescribedTask, index: number): string {
  const { route, file, input, output, options } = task;
  const { concurrency, timeout, queue, description } = options;
  const rows = [
    ["Input", schema(input, "not checked")],
    ["Reply", schema(output, "not described")],
    ...(concurrency === undefined
      ? []
      : [["Concurrency", `${concurrency} at a time in each worker`]]),
    ...(timeout === undefined ? [] : [["Timeout", `${timeout} ms`]]),
    ...(queue === undefined ? [] : [["Queue", `<code>${escape(JSON.stringify(queue))}</code>`]]),
  ];
  return `<section id="${anchor(route)}" data-route="${escape(route)}">
<h2><a href="#${anchor(route)}"><code>${escape(route)}</code></a></h2>
<p class="file">${escape(file)}</p>${description === undefined ? "" : `\n<p>${escape(description)}</p>`}
<dl>
${rows.map(([name, html]) => `<dt>${name}</dt><dd>${html}</dd>`).join("\n")}
</dl>
<div class="tabs">
${callExamples(task)
  .map((example, tab) => panel(example, index, tab))
  .join("\n")}
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
function anchor(route: string): string {
  return `route-${encodeURIComponent(route.replaceAll(/\p{Surrogate}/gu, "?")).replaceAll("'", "%27")}`;
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
