type Run = (callback: () => void) => void;

/**
 * Runs a callback outside of the asynchronous context of whoever asked for it, where the runtime has such contexts: over a
 * broker a handler sees nothing of its caller's `AsyncLocalStorage` either.
 */
export const runOutside: Run = /* @__PURE__ */ findSnapshot();

function findSnapshot(): Run {
  const { process } = globalThis as {
    process?: { getBuiltinModule?(name: string): unknown };
  };
  const hooks = process?.getBuiltinModule?.("node:async_hooks") as
    | { AsyncLocalStorage?: { snapshot?(): Run } }
    | undefined;
  return hooks?.AsyncLocalStorage?.snapshot?.() ?? ((callback) => callback());
}
