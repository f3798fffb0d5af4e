// Standard input as bytes, and headers that carry JSON. Ours.
import { toBase64 } from '../../base/base64.js';
import { encodeText } from '../../base/text.js';
import { host } from './host.js';

export async function* inputBytes(): AsyncGenerator<Uint8Array> {
  for await (const piece of host.stdin) yield typeof piece === 'string' ? encodeText(piece) : piece;
}

/** All of it. */
export async function wholeInput(): Promise<Uint8Array> {
  let all = new Uint8Array(0);
  for await (const piece of inputBytes()) {
    const both = new Uint8Array(all.length + piece.length);
    both.set(all);
    both.set(piece, all.length);
    all = both;
  }
  return all;
}

/** JSON in a header: base64 in the alphabet of URLs. RFC 4648, 5. */
export const inHeader = (value: unknown): string =>
  toBase64(encodeText(JSON.stringify(value)))
    .replace(/=+$/, '')
    .replaceAll('+', '-')
    .replaceAll('/', '_');
