// A tar for tests, honest or not: what is asked for is written, whether or not it makes sense.
// POSIX pax(1), ustar and extended headers.
import { latin1 } from '../src/base/bytes.js';

export interface TarFile {
  name: string;
  /** Its type's character; a regular file. */
  type?: string;
  data?: string | Uint8Array;
  link?: string;
  mode?: number;
  uid?: number;
  gid?: number;
  mtime?: number;
  major?: number;
  minor?: number;
  /** Records of an extended header before it. */
  pax?: Record<string, string>;
}

const BLOCK = 512;

function header(file: TarFile, type: string, size: number): Uint8Array {
  const block = new Uint8Array(BLOCK);
  const put = (at: number, text: string): void => block.set(latin1(text), at);
  const octal = (at: number, length: number, value: number): void =>
    put(at, value.toString(8).padStart(length - 1, '0'));
  put(0, file.name.slice(0, 100));
  octal(100, 8, file.mode ?? 0o644);
  octal(108, 8, file.uid ?? 0);
  octal(116, 8, file.gid ?? 0);
  octal(124, 12, size);
  octal(136, 12, file.mtime ?? 0);
  put(148, '        ');
  put(156, type);
  put(157, (file.link ?? '').slice(0, 100));
  put(257, 'ustar\x0000');
  octal(329, 8, file.major ?? 0);
  octal(337, 8, file.minor ?? 0);
  const sum = block.reduce((total, byte) => total + byte, 0);
  put(148, `${sum.toString(8).padStart(6, '0')}\0 `);
  return block;
}

function padded(bytes: Uint8Array): Uint8Array {
  const whole = new Uint8Array(Math.ceil(bytes.length / BLOCK) * BLOCK);
  whole.set(bytes);
  return whole;
}

/** One record, whose length counts itself. */
function record(key: string, value: string): string {
  const rest = ` ${key}=${value}\n`;
  let length = rest.length + 1;
  while (`${length}${rest}`.length !== length) length = `${length}${rest}`.length;
  return `${length}${rest}`;
}

export function tarOf(files: readonly TarFile[]): Uint8Array {
  const blocks: Uint8Array[] = [];
  for (const file of files) {
    if (file.pax) {
      const records = latin1(
        Object.entries(file.pax)
          .map(([key, value]) => record(key, value))
          .join(''),
      );
      blocks.push(header({ name: 'pax' }, 'x', records.length), padded(records));
    }
    const data = typeof file.data === 'string' ? latin1(file.data) : (file.data ?? new Uint8Array(0));
    blocks.push(header(file, file.type ?? '0', data.length), padded(data));
  }
  blocks.push(new Uint8Array(2 * BLOCK));
  const whole = new Uint8Array(blocks.reduce((sum, block) => sum + block.length, 0));
  let at = 0;
  for (const block of blocks) {
    whole.set(block, at);
    at += block.length;
  }
  return whole;
}
