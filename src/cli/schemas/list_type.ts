/** The type of a list, with parentheses where `[]` would else belong to a part of the item alone. */
export function listType(item: string): string {
  let outside = item.replaceAll(/"(?:[^"\\]|\\.)*"/g, "");
  for (let before = ""; before !== outside;) {
    before = outside;
    outside = outside.replaceAll(/\{[^{}]*\}|\([^()]*\)|\[[^[\]]*\]/g, "");
  }
  return /[|&]/.test(outside) ? `(${item})[]` : `${item}[]`;
}
