// `npm run tools [-- name…]`: installs the runtimes the tests run on into .tools and prints where they are.
import { ensureTools, tools } from "./tools/tools.ts";

const names = process.argv.slice(2);
const paths = await ensureTools(names.length > 0 ? names : Object.keys(tools));
for (const [name, path] of Object.entries(paths)) console.log(`${name.padEnd(7)} ${path}`);
