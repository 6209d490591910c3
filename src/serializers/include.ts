/**
 * The relations that a caller wants, by the dotted names of their fields: `author`, `author.avatar`. Naming one means
 * those on the way to it.
 */
export class Include {
  readonly #paths: readonly string[];

  constructor(paths: readonly string[]) {
    this.#paths = [...new Set(paths)].sort();
  }

  /** Equal for equal relations. */
  get key(): string {
    return this.#paths.join();
  }

  /** Whether a relation is wanted. */
  has(path: string): boolean {
    return this.#paths.some((wanted) => wanted === path || wanted.startsWith(`${path}.`));
  }

  /** What is wanted of a relation's rows. */
  below(path: string): Include {
    const inner = this.#paths.filter((wanted) => wanted.startsWith(`${path}.`));
    return new Include(inner.map((wanted) => wanted.slice(path.length + 1)));
  }

  /** Those that are none of these, nor lead to one of them. */
  except(known: ReadonlySet<string>): string[] {
    return this.#paths.filter(
      (wanted) => ![...known].some((path) => wanted === path || wanted.startsWith(`${path}.`)),
    );
  }
}
