type Cleanup = () => Promise<void>;

const codes = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 } as const;
const cleanups: Cleanup[] = [];
let leaving = false;

/** Runs `cleanup` when the process is interrupted, newest first. Returns a function that forgets it. */
export function onInterrupt(cleanup: Cleanup): () => void {
  if (cleanups.push(cleanup) === 1) {
    for (const signal of Object.keys(codes)) process.on(signal, leave);
  }
  return () => {
    const index = cleanups.indexOf(cleanup);
    if (index >= 0) cleanups.splice(index, 1);
    // While leaving, the listeners keep a second Ctrl-C from cutting the clean-up short.
    if (cleanups.length === 0 && !leaving) {
      for (const signal of Object.keys(codes)) process.off(signal, leave);
    }
  };
}

/** Whether the process was interrupted and is about to exit. */
export function isLeaving(): boolean {
  return leaving;
}

function leave(signal: keyof typeof codes): void {
  if (leaving) return;
  leaving = true;
  void cleanUp().finally(() => process.exit(codes[signal]));
}

async function cleanUp(): Promise<void> {
  for (const cleanup of [...cleanups].reverse()) {
    try {
      await cleanup();
    } catch (error) {
      console.error(error);
    }
  }
}
