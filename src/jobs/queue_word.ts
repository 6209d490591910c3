/** What would end a word of a routing key, be a pattern in a binding, or be taken for an escape of ours. */
const NOT_PLAIN = /[.*#%]/g;

const ESCAPE = /%([0-9A-F]{2})/g;

/**
 * A queue's name as one word of a routing key. A topic exchange parts keys at dots, so that `#.b` would match both `b` and
 * `a.b`. Other letters stay as they are: a name of many bytes a letter would not fit otherwise.
 */
export function toWord(queue: string): string {
  return queue.replace(
    NOT_PLAIN,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

/** The queue's name that was made a word. What is not an escape stays as it is. */
export function fromWord(word: string): string {
  return word.replace(ESCAPE, (_, code: string) => String.fromCharCode(Number.parseInt(code, 16)));
}
