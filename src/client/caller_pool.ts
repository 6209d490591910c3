import { openTransport } from "../composition.ts";
import { LinkPool } from "../transport/link_pool.ts";
import { Caller } from "./caller.ts";

/** The callers of this process. */
export const callers: LinkPool<Caller> = /* @__PURE__ */ new LinkPool((settings) => {
  return new Caller(openTransport(settings), settings.maxMessageBytes);
});
