import { BgtasksError } from "../errors.ts";

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

  /** Those that are none of these. */
  except(known: ReadonlySet<string>): string[] {
    return this.#paths.filter((wanted) => !known.has(wanted));
  }
}

interface FoundRelations {
  readonly paths: Set<string>;
  mayBeMore: boolean;
}

/**
 * The relations that there are, by their paths; those of remote rows as far as they are planned. Of rows of several kinds, one
 * name may lead to relations of different rows.
 */
export class Relations {
  readonly #outer: string;
  readonly #found: FoundRelations;

  constructor(outer = "", found: FoundRelations = { paths: new Set(), mayBeMore: false }) {
    this.#outer = outer;
    this.#found = found;
  }

  add(path: string): void {
    this.#found.paths.add(`${this.#outer}${path}`);
  }

  /** Notes that only rows will show what there is. */
  mayBeMore(): void {
    this.#found.mayBeMore = true;
  }

  /** The same ones, for whoever names them from a relation's rows. */
  below(path: string): Relations {
    return new Relations(`${this.#outer}${path}.`, this.#found);
  }

  /** @throws BgtasksError with `code` `"invalid_include"` when one that is wanted is none of these */
  check(include: Include): void {
    const { paths, mayBeMore } = this.#found;
    const unknown = mayBeMore ? [] : include.except(paths);
    if (unknown.length === 0) return;
    const known = [...paths].map((path) => `"${path}"`).join(", ") || "none";
    throw new BgtasksError(
      "invalid_include",
      `Cannot include "${unknown.join('", "')}": the relations are ${known}`,
    );
  }
}
