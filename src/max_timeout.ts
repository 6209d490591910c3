/** Longest time that timers of all runtimes take. */
export const MAX_TIMEOUT: number = 2 ** 31 - 1;
