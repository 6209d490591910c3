import { byteLength, isLongerThan } from "../../messages/byte_length.ts";
import type { MessageBody } from "../../messages/message.ts";

/** A body that never left this process. */
export class TextBody implements MessageBody {
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
  }

  get byteLength(): number {
    return byteLength(this.#text);
  }

  isLongerThan(bytes: number): boolean {
    return isLongerThan(bytes, this.#text);
  }

  readText(): string {
    return this.#text;
  }

  readBytes(): Uint8Array {
    return new TextEncoder().encode(this.#text);
  }

  keepText(): void {}
}
