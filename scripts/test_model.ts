// `npm run test:model -- 84000 [seed]`: as many cases of the models of serializers and loaders as one wants.
import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";

const [cases = "20000", seed] = process.argv.slice(2);
const test = fileURLToPath(new URL("../tests/serializers/model.test.ts", import.meta.url));
const child = spawn(process.execPath, ["--import", "tsx", test], {
  stdio: "inherit",
  env: {
    ...process.env,
    BGTASKS_MODEL_CASES: cases,
    ...(seed !== undefined && { BGTASKS_MODEL_SEED: seed }),
  },
});
child.on("exit", (code) => (process.exitCode = code ?? 1));
