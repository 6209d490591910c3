/** Longest time that timers of all runtimes take. */
export const MAX_TIMEOUT: number = 2_147_483_647;
