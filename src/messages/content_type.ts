/** What every message of ours says; others may say it in other words. */
export const JSON_TYPE = "application/json";

/**
 * What a peer may say of a body that is JSON: a type of JSON, or what libraries say by default of text and bytes. Whether
 * it is JSON, its bytes tell.
 */
const READABLE =
  /^(?:application\/(?:(?:[\w.-]+\+)?json|octet-stream)|text\/(?:json|plain))\s*(?:;|$)/i;

/** Whether a body of this content type may be JSON. */
export function isReadableType(contentType: string): boolean {
  return contentType === JSON_TYPE || READABLE.test(contentType);
}
