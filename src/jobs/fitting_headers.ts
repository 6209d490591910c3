import { BgtasksError } from "../errors.ts";

/** Every broker takes frames of this size, in bytes. */
const MIN_FRAME = 4_096;

/**
 * Publishes something whose headers are made for frames of a size: once more with shorter ones when the broker has agreed
 * to shorter frames than the settings say.
 *
 * @param frameMax the largest frame that the settings allow, in bytes
 */
export async function withFittingHeaders<T>(
  frameMax: number,
  publish: (frameMax: number) => Promise<T>,
): Promise<T> {
  try {
    return await publish(frameMax);
  } catch (error) {
    const isTooLong = error instanceof BgtasksError && error.code === "invalid_headers";
    if (!isTooLong) throw error;
    return publish(MIN_FRAME);
  }
}
