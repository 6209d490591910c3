import { readFileSync } from "node:fs";

import { transformSync } from "esbuild";

import { inProject } from "../project.ts";
import type { Consumer } from "./consumer.ts";
import { passes, PROGRAM, runs } from "./consumer.ts";

const node = JSON.stringify(process.execPath);
const program = transformSync(PROGRAM, { loader: "ts", target: "es2022" }).code;

/** A compiler's file: of this project, or of `npm run tools`. */
type Compiler = string;

/** @param typescript59 for CommonJS, because TypeScript 7 knows no `node10` */
export function makeConsumers(typescript59: Compiler): readonly Consumer[] {
  const typescript = inProject("node_modules/typescript/bin/tsc");
  return [
    ...["nodenext", "node16"].map((module) =>
      compiled(typescript, module, { module, target: "es2022" }, { type: "module" }),
    ),
    compiled(
      typescript59,
      "CommonJS TypeScript",
      { module: "commonjs", moduleResolution: "node10", target: "es2022" },
      {},
    ),
    {
      ...compiled(
        typescript59,
        "nodenext, CommonJS",
        { module: "nodenext", moduleResolution: "nodenext", target: "es2022" },
        { type: "commonjs" },
      ),
      short: false,
    },
    bundler(typescript),
    vite(),
    webpack(),
    pnpm(typescript),
    jest(),
  ];
}

function compiled(
  compiler: Compiler,
  name: string,
  options: Readonly<Record<string, string>>,
  manifest: Readonly<Record<string, unknown>>,
): Consumer {
  return {
    name,
    short: true,
    manifest: { ...manifest, devDependencies: { "@types/node": versionOf("@types/node") } },
    files: {
      "main.ts": PROGRAM,
      "tsconfig.json": tsconfig({ ...options, outDir: "dist" }),
    },
    steps: [passes(`${node} ${compiler}`), runs(`${node} dist/main.js`)],
  };
}

function bundler(compiler: Compiler): Consumer {
  const esbuild = inProject("node_modules/.bin/esbuild");
  return {
    name: "bundler",
    short: true,
    manifest: { type: "module", devDependencies: { "@types/node": versionOf("@types/node") } },
    files: {
      "main.ts": PROGRAM,
      "tsconfig.json": tsconfig({ module: "esnext", moduleResolution: "bundler", noEmit: true }),
    },
    steps: [
      passes(`${node} ${compiler}`),
      passes(`${esbuild} main.ts --bundle --platform=node --format=esm --outfile=dist/main.js`),
      runs(`${node} dist/main.js`),
    ],
  };
}

/** A page, and a program for a server. */
function vite(): Consumer {
  const command = `${node} ${inProject("node_modules/vite/bin/vite.js")}`;
  return {
    name: "Vite",
    short: true,
    manifest: { type: "module" },
    files: {
      "main.ts": PROGRAM,
      "index.html": '<script type="module" src="/main.ts"></script>',
      // What it would add to preload modules needs a document.
      "vite.config.js": "export default { build: { modulePreload: false } };",
    },
    steps: [
      { command: `${command} build`, expected: /built in/ },
      runs(`${node} dist/assets/*.js`),
      { command: `${command} build --ssr main.ts --outDir server`, expected: /built in/ },
      runs(`${node} server/main.js`),
    ],
  };
}

function webpack(): Consumer {
  return {
    name: "webpack for Node",
    short: false,
    manifest: { type: "commonjs", devDependencies: { webpack: "5.112.2" } },
    files: {
      "main.mjs": program,
      "build.js": `
        const config = { mode: "production", target: "node", entry: "./main.mjs" };
        require("webpack")(config, (error, stats) => {
          if (error) throw error;
          console.log(stats.toString({ all: false, errors: true, warnings: true }));
          process.exitCode = stats.hasErrors() || stats.hasWarnings() ? 1 : 0;
        });`,
    },
    steps: [passes(`${node} build.js`), runs(`${node} dist/main.js`)],
  };
}

/** A program may import only what its own package.json names. */
function pnpm(compiler: Compiler): Consumer {
  return {
    name: "pnpm, strict",
    short: false,
    manifest: { type: "module", devDependencies: { "@types/node": versionOf("@types/node") } },
    files: {
      "main.ts": PROGRAM,
      "tsconfig.json": tsconfig({ module: "nodenext", target: "es2022", outDir: "dist" }),
      "pnpm-workspace.yaml": "hoist: false\nstrictPeerDependencies: true\nminimumReleaseAge: 0\n",
    },
    install: "npx --yes pnpm@12.21.0 install",
    steps: [
      passes(`${node} ${compiler}`),
      runs(`${node} dist/main.js`),
      { command: `node_modules/.bin/bgtasks --help`, expected: /Usage: bgtasks/ },
    ],
  };
}

/** Jest as it is, with the recipe of the docs. */
function jest(): Consumer {
  const docs = readFileSync(inProject("docs/testing.md"), "utf8");
  const fenced = (first: string): string => {
    const found = new RegExp(
      `\`\`\`\\w+\\n// ${first.replaceAll(".", "\\.")}\\n([^]*?)\`\`\``,
    ).exec(docs);
    if (found?.[1] === undefined) throw new Error(`docs/testing.md has no ${first}`);
    return found[1];
  };
  return {
    name: "Jest",
    short: false,
    manifest: {
      devDependencies: {
        "@babel/core": "^7.28.0",
        "@babel/preset-env": "^7.28.0",
        "@babel/preset-typescript": "^7.28.0",
        jest: "30.5.2",
      },
    },
    files: {
      "jest.config.js": fenced("jest.config.js"),
      "babel.config.js": fenced("babel.config.js"),
      "greet.ts": fenced("greet.ts"),
      "greet.jest.test.ts": fenced("greet.jest.test.ts"),
    },
    steps: [
      {
        command: "ENVIRONMENT=test npx --no-install jest",
        expected: /Tests: +2 passed, 2 total/,
      },
    ],
  };
}

function tsconfig(compilerOptions: Readonly<Record<string, unknown>>): string {
  const strict = { strict: true, skipLibCheck: false, types: ["node"] };
  return JSON.stringify({ compilerOptions: { ...strict, ...compilerOptions }, files: ["main.ts"] });
}

/** The version of a package that this project has. */
function versionOf(name: string): string {
  const { version } = JSON.parse(
    readFileSync(inProject(`node_modules/${name}/package.json`), "utf8"),
  ) as { version: string };
  return version;
}
