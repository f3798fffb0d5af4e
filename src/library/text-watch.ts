// Looks for a text in bytes that go by one at a time.
// Knuth, Morris, Pratt: Fast pattern matching in strings (1977), section 2: no byte is looked at twice.

import { encodeText } from '../base/text.js';

export class TextWatch {
  private readonly bytes: Uint8Array;
  /** Where to go on when the byte behind a beginning of this length is another: the longest beginning that also ends there. */
  private readonly shorter: Int32Array;
  private matched = 0;

  /** `text` is not empty; it goes by as UTF-8. */
  constructor(text: string) {
    this.bytes = encodeText(text);
    this.shorter = new Int32Array(this.bytes.length + 1);
    for (let i = 1; i < this.bytes.length; i++) this.shorter[i + 1] = this.after(this.shorter[i], this.bytes[i]);
  }

  /** Whether the text ends with this byte. */
  see(byte: number): boolean {
    this.matched = this.after(this.matched, byte);
    return this.matched === this.bytes.length;
  }

  private after(matched: number, byte: number): number {
    let length = matched === this.bytes.length ? this.shorter[matched] : matched;
    while (length > 0 && this.bytes[length] !== byte) length = this.shorter[length];
    return this.bytes[length] === byte ? length + 1 : 0;
  }
}
