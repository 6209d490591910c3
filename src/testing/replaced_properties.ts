/** Properties that hold other values until restored. */
export class ReplacedProperties {
  readonly #restores: (() => void)[] = [];

  replace(target: object, key: string, value: unknown): void {
    const own = Object.getOwnPropertyDescriptor(target, key);
    Object.defineProperty(target, key, { value, configurable: true, writable: true });
    // What was inherited shows again by itself.
    this.#restores.push(() => {
      if (own) Object.defineProperty(target, key, own);
      else Reflect.deleteProperty(target, key);
    });
  }

  restore(): void {
    for (const restore of this.#restores.splice(0).reverse()) restore();
  }
}
