/** How many bytes a text takes as UTF-8. */
export function byteLength(text: string): number {
  let length = text.length;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit <= 0x7f) continue;
    // Each half of a pair counts 2; a half alone is sent as U+FFFD, which takes 3.
    length += unit <= 0x7ff || isPaired(text, i, unit) ? 1 : 2;
  }
  return length;
}

/** Whether a text takes more bytes than that; looked at only where its length leaves it open. */
export function isLongerThan(maxBytes: number, text: string): boolean {
  if (3 * text.length <= maxBytes) return false;
  return text.length > maxBytes || byteLength(text) > maxBytes;
}

/** A text as it arrives: half a pair of surrogates cannot be sent, and U+FFFD takes its place. */
export function toWellFormed(text: string): string {
  return text.replace(/\p{Surrogate}/gu, "\ufffd");
}

function isPaired(text: string, at: number, unit: number): boolean {
  if ((unit & 0xfc00) === 0xd800) return (text.charCodeAt(at + 1) & 0xfc00) === 0xdc00;
  if ((unit & 0xfc00) === 0xdc00) return (text.charCodeAt(at - 1) & 0xfc00) === 0xd800;
  return false;
}
