let urls = new Map();

/** @param pairs names and URLs, each with the URL that is meant */
export function initialize(pairs) {
  urls = new Map(pairs);
}

export async function resolve(specifier, context, nextResolve) {
  return replaced(await nextResolve(urls.get(specifier) ?? specifier, context));
}

/** The same without promises, for hooks of this thread. */
export function resolveSync(specifier, context, nextResolve) {
  return replaced(nextResolve(urls.get(specifier) ?? specifier, context));
}

function replaced(found) {
  const url = urls.get(found.url);
  return url === undefined ? found : { ...found, url };
}
