/** How many bytes of items a worker is ahead of a reader who says nothing of it, at most. */
export const DEFAULT_WINDOW: number = 256 * 1_024;

/** The largest window, in bytes: no credit lets a worker be further ahead. */
export const MAX_WINDOW: number = 16 * 1_024 * 1_024;
