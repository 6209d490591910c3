/** Whether a key matches the pattern of a binding to a topic exchange: `*` is one word, `#` any number of words. */
export function matchesTopic(pattern: string, key: string): boolean {
  const [patternWords, words] = [pattern.split("."), key.split(".")];
  // Which lengths of the key's beginning the pattern's words up to here can match.
  let ends = new Set([0]);
  for (const word of patternWords) ends = advance(ends, word, words);
  return ends.has(words.length);
}

function advance(ends: ReadonlySet<number>, word: string, words: readonly string[]): Set<number> {
  const next = new Set<number>();
  for (const end of ends) {
    if (word === "#") for (let to = end; to <= words.length; to++) next.add(to);
    else if (end < words.length && (word === "*" || word === words[end])) next.add(end + 1);
  }
  return next;
}
