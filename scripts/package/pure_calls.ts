import { readFileSync } from "node:fs";

import type { Plugin } from "esbuild";

/** Calls that make a value and change nothing else. Not v.parse() and the like, which may throw. */
const MAKERS =
  /(?<=[=(,[:?]\s*|^\s+)((?:v\.(?!parse|safeParse|is\b)\w+(?:<[^>()]*>)?|logger|getLogger|getTextFormatter|getJsonLinesFormatter|must|all|Object\.assign|Object\.freeze|Symbol)\(|new [A-Z]\w+\()/gm;

/** A statement of a module that makes a constant by a call, up to its last line. */
const CONSTANT = /^(?:export )?const \w+[^=]*= [^]*?;\n(?=\n?\S|\n?(?![^]))/gm;

/**
 * Marks what a module makes when it is loaded as free of effects, so that bundlers leave out what a program does not use:
 * a web page that imports one constant gets that constant.
 */
export const pureCalls: Plugin = {
  name: "pure-calls",
  setup(build) {
    build.onLoad({ filter: /\.ts$/ }, ({ path }) => {
      const contents = readFileSync(path, "utf8").replaceAll(CONSTANT, (statement) =>
        statement
          .replaceAll(MAKERS, "/* @__PURE__ */ $1")
          // Bundlers take a text with a value in it for a call that might throw.
          .replaceAll("${MAX_TIMEOUT}", "2147483647"),
      );
      return { contents, loader: "ts" };
    });
  },
};
