import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { describe, it } from "node:test";

import { dumpPage, findChromium } from "../../../scripts/browser/chromium.ts";
import { htmlPage } from "../../../src/cli/docs/html_page.ts";
import { ODD_ROUTES, oddJobs, oddTasks } from "./odd_tasks.ts";

const { bun, deno } = process.versions;
const needsChromium = {
  skip: findChromium()
    ? deno || bun
      ? "is the same in every runtime"
      : false
    : "Chromium is not installed",
} as const;

describe("htmlPage()", () => {
  const [tasks, jobs] = [oddTasks(), oddJobs()];
  const routes = [...tasks, ...jobs].map(({ route }) => route);
  const page = htmlPage({ title: "odd & <shop>", version: "1.0.0" }, tasks, jobs);

  it("escapes whatever tasks are called", () => {
    // Between the page's own tags and in their attributes nothing is left that begins or ends one.
    const tags = [...page.matchAll(/<\/?([a-zA-Z!][\w!-]*)/g)].map(([, name]) => name);
    assert.deepEqual(
      [...new Set(tags)].filter((name) => ["img", "b"].includes(name ?? "")),
      [],
    );
    assert.equal(tags.filter((name) => name === "script").length, 2);
    assert.ok(page.includes("&lt;script&gt;alert(1)&lt;/script&gt;"));
    assert.ok(page.includes("<title>odd &amp; &lt;shop&gt;: tasks</title>"));
  });

  it("has a section for each, to which its link leads", () => {
    const ids = [...page.matchAll(/<section id="([^"]*)"/g)].map(([, id]) => id);
    assert.equal(new Set(ids).size, routes.length);
    for (const id of ids) assert.ok(page.includes(`<a href="#${id}">`), id);
  });

  it("loads nothing from elsewhere", () => {
    assert.doesNotMatch(page, /<(?:link|img|iframe)\b|<script [^>]*src|url\(|@import/);
    assert.match(page, /default-src 'none'/);
  });

  it("is in a browser what it shall be", needsChromium, async () => {
    const folder = await mkdtemp(join(tmpdir(), "bgtasks-page-"));
    try {
      const file = join(folder, "page.html");
      // Tells by its title what a reader would see.
      const probe = `<script>
        const shown = [...document.querySelectorAll("section h2 code")].map((code) => code.textContent);
        const links = [...document.querySelectorAll("nav li a")].every((link) =>
          document.getElementById(decodeURI(link.hash.slice(1))) ?? document.getElementById(link.hash.slice(1)));
        const buttons = document.querySelectorAll(".panel button:not([hidden])").length;
        document.title = JSON.stringify({ shown, links, buttons });
      </script></body>`;
      await writeFile(
        file,
        page.replace("</body>", () => probe),
      );
      const dom = await dumpPage(file);
      const title = /<title>([^]*?)<\/title>/.exec(dom)?.[1] ?? "";
      const text = title.replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&amp;", "&");
      const { shown, links, buttons } = JSON.parse(text) as {
        shown: string[];
        links: boolean;
        buttons: number;
      };
      assert.deepEqual(shown, routes);
      assert.ok(ODD_ROUTES.every((route) => shown.includes(route)));
      assert.deepEqual([links, buttons], [true, tasks.length * 3 + jobs.length * 2]);
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});
