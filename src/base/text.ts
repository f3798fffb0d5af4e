// UTF-8 in both directions, by the encoder and decoder that every JavaScript host has.
// Source: WHATWG Encoding, sections 7 and 8; declared here because src sees neither the DOM's types nor Node's.

declare const TextEncoder: new () => { encode(text: string): Uint8Array };
declare const TextDecoder: new (
  label: 'utf-8',
  options?: { fatal: true },
) => { decode(bytes: Uint8Array, options?: { stream: true }): string };

const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { fatal: true });

export function encodeText(text: string): Uint8Array {
  return encoder.encode(text);
}

/** Undefined when the bytes are not UTF-8. */
export function decodeText(bytes: Uint8Array): string | undefined {
  try {
    return decoder.decode(bytes);
  } catch {
    return undefined;
  }
}

/** Text that comes in pieces, which may end within a character. What is not UTF-8 becomes U+FFFD. */
export class TextStream {
  private readonly decoder = new TextDecoder('utf-8');

  take(bytes: Uint8Array): string {
    return this.decoder.decode(bytes, { stream: true });
  }

  /** The last piece. */
  end(bytes: Uint8Array = new Uint8Array(0)): string {
    return this.decoder.decode(bytes);
  }
}
