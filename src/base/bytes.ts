// Bytes as text and numbers, without the DOM's or Node's helpers.
// Ours; little-endian throughout, as x86 is.

/** One byte a character; characters above U+00FF become `?`. */
export function latin1(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    bytes[i] = code > 0xff ? 0x3f : code;
  }
  return bytes;
}

export function fromLatin1(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) text += String.fromCharCode(byte);
  return text;
}

export function hex(value: number, digits = 8): string {
  return (value < 0 ? value >>> 0 : value).toString(16).padStart(digits, '0');
}

/** All bytes in hexadecimal digits. */
export function hexOf(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => hex(byte, 2)).join('');
}

/** One behind the other; a lone one is not copied. */
export function joined(pieces: readonly Uint8Array[]): Uint8Array {
  if (pieces.length === 1) return pieces[0]!;
  const all = new Uint8Array(pieces.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const piece of pieces) {
    all.set(piece, at);
    at += piece.length;
  }
  return all;
}

export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

export function alignUp(value: number, to: number): number {
  return Math.ceil(value / to) * to;
}

export function alignDown(value: number, to: number): number {
  return Math.floor(value / to) * to;
}

export const KIB = 1024;
export const MIB = 1024 * KIB;
export const GIB = 1024 * MIB;

/** `256M`, `3.5 KiB` and the like for people: the largest unit that keeps a digit before the point. */
export function formatSize(bytes: number): string {
  for (const [unit, name] of [
    [GIB, 'GiB'],
    [MIB, 'MiB'],
    [KIB, 'KiB'],
  ] as const) {
    if (bytes >= unit) return `${Number((bytes / unit).toFixed(1))} ${name}`;
  }
  return `${bytes} bytes`;
}

/** Bytes of `64M`, `1G`, `512K`, or of a plain number, which counts MiB as QEMU's -m does; undefined for anything else. */
export function parseSize(text: string): number | undefined {
  const match = /^(\d{1,12})([KMG]?)(i?B)?$/i.exec(text.trim());
  if (!match) return undefined;
  const unit = { '': MIB, K: KIB, M: MIB, G: GIB }[match[2]!.toUpperCase()]!;
  return Number(match[1]) * unit;
}
