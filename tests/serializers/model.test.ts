import { describe, it } from "node:test";

import { checkLevels } from "./model/level_cases.ts";
import { checkLoader } from "./model/loader_cases.ts";
import { runCases } from "./model/run_cases.ts";
import { checkSerialize, checkSettle } from "./model/serialize_cases.ts";
import { checkStream } from "./model/stream_cases.ts";
import { checkValidate } from "./model/validate_cases.ts";

// `npm run test:model -- 84000 [seed]` runs as many cases as one wants.
describe("a model written from the documents", () => {
  it("agrees with serialize()", () => runCases("serialize()", checkSerialize));

  it("agrees with settle()", () => runCases("settle()", checkSettle));

  it("agrees with stream()", () => runCases("stream()", checkStream, 400));

  it("agrees with validate()", () => runCases("validate()", checkValidate));

  it("agrees with the calls of each level", () => runCases("levels", checkLevels, 500));

  it("agrees with loaders, in whatever order things happen", () =>
    runCases("RemoteLoader", checkLoader, 1_000));
});
