import { inspect } from "node:util";

/** Where a program may come upon one of some texts: in what it can reach from a value, and in every way to print it. */
export class SecretSearch {
  readonly #secrets: readonly string[];
  readonly #found = new Set<string>();
  #visited = new Set<object>();

  constructor(secrets: readonly string[]) {
    this.#secrets = secrets;
  }

  /** Places where one of the texts was found. */
  get found(): readonly string[] {
    return [...this.#found];
  }

  /** Looks at a value and all that it leads to: properties, hidden ones and getters too, causes, entries. */
  search(name: string, value: unknown): void {
    this.#visited = new Set();
    this.#walk(name, value);
    this.#print(name, value);
  }

  #walk(path: string, value: unknown): void {
    if (typeof value === "string") return this.#check(path, value);
    if ((typeof value !== "object" && typeof value !== "function") || value === null) return;
    // Of the runtime's own objects only what the library has put there is of interest.
    if (this.#visited.has(value) || value === globalThis || path.split(".").length > 12) return;
    this.#visited.add(value);
    if (value instanceof Map || value instanceof Set) {
      for (const entry of value) this.#walk(`${path}[entry]`, entry);
    }
    for (const owner of prototypes(value)) {
      for (const key of Reflect.ownKeys(owner)) {
        this.#check(`the name of ${path}.${String(key)}`, String(key));
        let property: unknown;
        try {
          property = Reflect.get(owner, key, value);
        } catch {
          continue;
        }
        this.#walk(`${path}.${String(key)}`, property);
      }
    }
  }

  #print(name: string, value: unknown): void {
    const { Deno, Bun } = globalThis as { Deno?: Inspector; Bun?: Inspector };
    const options = { depth: 20, showHidden: true, getters: true };
    this.#check(`inspect(${name})`, inspect(value, options));
    this.#check(`inspect({ ${name} })`, inspect({ value }));
    if (Deno) this.#check(`Deno.inspect(${name})`, Deno.inspect(value, options));
    if (Bun) this.#check(`Bun.inspect(${name})`, Bun.inspect(value, options));
    try {
      this.#check(`JSON of ${name}`, JSON.stringify(value) ?? "");
      this.#check(`structured clone of ${name}`, inspect(structuredClone(value), options));
    } catch {
      // Not every value can be written.
    }
    if (!(value instanceof Error)) return;
    this.#check(`text of ${name}`, value.toString());
    this.#check(`stack of ${name}`, String(value.stack));
  }

  #check(where: string, text: string): void {
    for (const secret of this.#secrets) if (text.includes(secret)) this.#found.add(where);
  }
}

interface Inspector {
  inspect(value: unknown, options: object): string;
}

/** The object and what it inherits from, up to what every object has. */
function* prototypes(value: object): Generator<object> {
  for (
    let owner: object | null = value;
    owner !== null && owner !== Object.prototype && owner !== Function.prototype;
    owner = Object.getPrototypeOf(owner) as object | null
  ) {
    yield owner;
  }
}
