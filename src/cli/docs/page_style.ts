/** The style of the HTML page: light or dark as the reader's system is. */
export const PAGE_STYLE = `
:root {
  color-scheme: light dark;
  --paper: #fbfbfa; --card: #fff; --ink: #1f2328; --soft: #636c76; --line: #e1e4e8;
  --accent: #c2410c; --code: #f5f4f2; --name: #0550ae; --text: #116329; --word: #8250df;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #14161a; --card: #1b1e24; --ink: #e3e6ea; --soft: #99a1ab; --line: #2d323a;
    --accent: #fb923c; --code: #101216; --name: #79c0ff; --text: #7ee787; --word: #d2a8ff;
  }
}
* { box-sizing: border-box; }
html { scroll-behavior: smooth; scroll-padding-top: 1.5rem; }
body {
  margin: 0; background: var(--paper); color: var(--ink);
  font: 16px/1.6 system-ui, -apple-system, "Segoe UI", "DejaVu Sans", sans-serif;
}
code, pre, input { font-family: ui-monospace, "SF Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace; font-size: 0.875rem; }
a { color: inherit; }
.page { display: grid; grid-template-columns: minmax(14rem, 18rem) minmax(0, 1fr); min-height: 100vh; }
nav { border-right: 1px solid var(--line); padding: 1.75rem 1.25rem; position: sticky; top: 0; align-self: start; height: 100vh; overflow-y: auto; }
nav h1 { font-size: 1.15rem; line-height: 1.3; margin: 0; overflow-wrap: anywhere; }
nav p { margin: 0.15rem 0 1.25rem; color: var(--soft); font-size: 0.875rem; }
nav input {
  width: 100%; padding: 0.45rem 0.65rem; border: 1px solid var(--line); border-radius: 6px;
  background: var(--card); color: inherit;
}
input:focus-visible, a:focus-visible, button:focus-visible, summary:focus-visible, :focus-visible + label { outline: 2px solid var(--accent); outline-offset: 1px; }
nav ul { list-style: none; margin: 0.75rem 0 0; padding: 0; }
nav li a { display: block; padding: 0.25rem 0.65rem; border-radius: 6px; text-decoration: none; overflow-wrap: anywhere; }
nav li a:hover { background: var(--card); color: var(--accent); }
main { padding: 1.75rem clamp(1.25rem, 4vw, 3.5rem) 4rem; max-width: 62rem; }
main > p { color: var(--soft); margin: 0 0 1.5rem; }
section { background: var(--card); border: 1px solid var(--line); border-radius: 10px; padding: 1.25rem 1.5rem 1.5rem; margin-bottom: 1.5rem; }
section h2 { margin: 0; font-size: 1.2rem; overflow-wrap: anywhere; }
section h2 a { text-decoration: none; }
section h2 code { font-size: inherit; }
section .file { margin: 0 0 1rem; color: var(--soft); font-size: 0.875rem; overflow-wrap: anywhere; }
dl { display: grid; grid-template-columns: 7rem minmax(0, 1fr); gap: 0.35rem 1.25rem; margin: 0 0 1.25rem; }
dt { color: var(--soft); }
dd { margin: 0; overflow-wrap: anywhere; }
dd .none { color: var(--soft); }
details { margin-top: 0.15rem; }
summary { cursor: pointer; color: var(--soft); font-size: 0.8125rem; width: max-content; }
pre { margin: 0; padding: 0.9rem 1rem; background: var(--code); border: 1px solid var(--line); border-radius: 8px; overflow-x: auto; line-height: 1.5; tab-size: 2; }
details pre { margin-top: 0.4rem; }
.tabs { display: flex; flex-wrap: wrap; gap: 0.25rem; }
.tabs > input { position: absolute; opacity: 0; pointer-events: none; }
.tabs > label { padding: 0.2rem 0.75rem; border-radius: 6px; cursor: pointer; color: var(--soft); font-size: 0.875rem; }
.tabs > input:checked + label { background: var(--code); color: var(--accent); font-weight: 600; }
.tabs > .panel { order: 1; width: 100%; display: none; position: relative; margin-top: 0.25rem; }
.tabs > input:checked + label + .panel { display: block; }
.panel button {
  position: absolute; top: 0.5rem; right: 0.5rem; padding: 0.1rem 0.6rem; font: inherit; font-size: 0.8125rem;
  color: var(--soft); background: var(--card); border: 1px solid var(--line); border-radius: 6px; cursor: pointer;
}
.panel button:hover { color: var(--accent); }
.panel pre { padding-right: 5rem; }
.n { color: var(--name); } .s { color: var(--text); } .k { color: var(--word); }
[hidden] { display: none; }
@media (max-width: 48rem) {
  .page { grid-template-columns: minmax(0, 1fr); }
  nav { position: static; height: auto; border-right: 0; border-bottom: 1px solid var(--line); }
  dl { grid-template-columns: minmax(0, 1fr); gap: 0; }
  dd { margin-bottom: 0.5rem; }
  .panel button { position: static; margin: 0 0 0.3rem auto; }
  .panel button:not([hidden]) { display: block; }
}
@media print { nav, .panel button { display: none; } .page { display: block; } }
`;

/** Copies examples and filters the list of routes; without it the page still shows everything. */
export const PAGE_SCRIPT = `
for (const button of document.querySelectorAll(".panel button")) {
  button.hidden = false;
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(button.nextElementSibling.textContent);
    button.textContent = "Copied";
    setTimeout(() => { button.textContent = "Copy"; }, 1500);
  });
}
const filter = document.querySelector("nav input");
filter.hidden = false;
filter.addEventListener("input", () => {
  const wanted = filter.value.toLowerCase();
  for (const entry of document.querySelectorAll("[data-route]"))
    entry.hidden = !entry.dataset.route.toLowerCase().includes(wanted);
});
`;
