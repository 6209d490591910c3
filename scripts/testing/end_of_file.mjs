// For the processes of Node's runner: one that goes on after its tests, on a connection or a server that somebody left open,
// tells what holds it and fails. Without this it would hold up the whole run, and nobody would know which it was.
import { after } from "node:test";
import process from "node:process";

/** Enough for what closes by itself. In ms. */
const PATIENCE = 30_000;

after(() => {
  setTimeout(() => {
    const held = process.getActiveResourcesInfo().filter((kind) => kind !== "PipeWrap");
    console.error(`${process.argv[1]} goes on after its tests: ${held.join(", ")}`);
    process.exit(1);
  }, PATIENCE).unref();
});
