/** Types of messages that begin so are this library's. */
const OWN_PREFIX = "bgtasks.";

/**
 * Whether a message says that it is of a kind which only this library knows, and which is not a plain request or reply.
 * What other programs write there is theirs, and says nothing to us.
 */
export function isOwnType(type: string | undefined): type is string {
  return type?.startsWith(OWN_PREFIX) === true;
}
