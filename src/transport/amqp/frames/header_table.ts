import type { Field } from "@cloudamqp/amqp-client";
import { AMQPView } from "@cloudamqp/amqp-client/amqp-view";

/** Reads the headers of a message; none when they cannot be read. */
export function readHeaderTable(bytes: Uint8Array): Readonly<Record<string, unknown>> {
  try {
    return new HeaderView(bytes.buffer, bytes.byteOffset).getTable(0)[0];
  } catch {
    return {};
  }
}

/** A view whose tables keep their names: assigned to a plain object, "__proto__" would give it another prototype. */
class HeaderView extends AMQPView {
  override getTable(byteOffset: number): [table: Record<string, Field>, length: number] {
    const end = byteOffset + 4 + this.getUint32(byteOffset);
    const entries: [name: string, value: Field][] = [];
    for (let at = byteOffset + 4; at < end;) {
      const [name, nameLength] = this.getShortString(at);
      const [value, valueLength] = this.getField(at + nameLength);
      entries.push([name, value]);
      at += nameLength + valueLength;
    }
    return [Object.fromEntries(entries), end - byteOffset];
  }
}
