// Plain data to bytes and back: JSON, with typed arrays, 64-bit numbers and infinity beside what JSON knows.
// Ours. A record with the one key `$` stands for what JSON cannot say.
import { SnapshotError } from '../../devices/snapshot-fields.js';
import { decodeText, encodeText } from '../../base/text.js';

const ARRAYS = { Uint8Array, Uint16Array, Uint32Array, Int32Array, Float64Array } as const;
type ArrayName = keyof typeof ARRAYS;
const CHUNK = 0x8000;

export function encodeValue(value: unknown): Uint8Array {
  return encodeText(JSON.stringify(value, (_key, one) => pack(one)));
}

/** Throws SnapshotError. */
export function decodeValue(bytes: Uint8Array): unknown {
  const text = decodeText(bytes);
  try {
    return JSON.parse(text ?? '', (_key, one) => unpack(one));
  } catch (error) {
    if (error instanceof SnapshotError) throw error;
    throw new SnapshotError('the state is not JSON');
  }
}

function pack(one: unknown): unknown {
  if (typeof one === 'bigint') return { $: ['bigint', `${one}`] };
  if (typeof one === 'number' && !Number.isFinite(one)) return { $: ['number', `${one}`] };
  if (!ArrayBuffer.isView(one)) return one;
  const bytes = new Uint8Array(one.buffer, one.byteOffset, one.byteLength);
  let binary = '';
  for (let at = 0; at < bytes.length; at += CHUNK) binary += String.fromCharCode(...bytes.subarray(at, at + CHUNK));
  return { $: [one.constructor.name, toBase64(binary)] };
}

function unpack(one: unknown): unknown {
  if (typeof one !== 'object' || one === null || !('$' in one)) return one;
  const [kind, text] = Array.isArray(one.$) ? one.$ : [];
  if (typeof text !== 'string') throw new SnapshotError('a value that is none');
  if (kind === 'bigint' && /^-?\d{1,40}$/.test(text)) return BigInt(text);
  if (kind === 'number') return Number(text);
  const make = ARRAYS[kind as ArrayName];
  if (!make) throw new SnapshotError(`a value of the unknown kind ${kind}`);
  const binary = fromBase64(text);
  const bytes = Uint8Array.from(binary, (character) => character.charCodeAt(0));
  if (bytes.length % make.BYTES_PER_ELEMENT !== 0) throw new SnapshotError(`${bytes.length} bytes for ${kind}`);
  return new make(bytes.buffer);
}

declare const btoa: (binary: string) => string;
declare const atob: (text: string) => string;
const toBase64 = btoa;
function fromBase64(text: string): string {
  try {
    return atob(text);
  } catch {
    throw new SnapshotError('a value that is not base64');
  }
}
