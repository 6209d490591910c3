/** What `fakeTime()` puts other things in the place of: a test's own patience is in real time. */
export interface RealTime {
  readonly setTimeout: typeof globalThis.setTimeout;
  readonly clearTimeout: typeof globalThis.clearTimeout;
  /** Milliseconds, from any beginning. */
  readonly now: () => number;
}

/** Taken when this is loaded. */
export const realTime: RealTime = /* @__PURE__ */ takeRealTime();

function takeRealTime(): RealTime {
  const { setTimeout, clearTimeout, performance } = globalThis;
  return { setTimeout, clearTimeout, now: performance.now.bind(performance) };
}
