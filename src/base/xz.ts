// .xz files: streams of blocks, each of LZMA2, each with a checksum. The .xz file format 1.1.0; xz-embedded's description of LZMA2.
// Hostile: a block may ask for any dictionary, and anything may follow it. DEVIATION: filters for programs (BCJ) and delta are not known.
import { ByteReader } from './byte-reader.js';
import { viewOf } from './bytes.js';
import { type Checksum, Crc32, Crc64, crc32 } from './crc.js';
import { InputError } from './errors.js';
import { LzmaDecoder } from './lzma.js';
import { Sha256 } from './sha256.js';

const HEADER_MAGIC = [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00];
const FOOTER_MAGIC = [0x59, 0x5a];
const LZMA2 = 0x21;
/** xz -9 has 64 MiB. */
const DICTIONARY_MAX = 128 << 20;
const NUMBER_BYTES = 9;
const RECORDS_MAX = 1 << 20;

function damaged(why: string): InputError {
  return new InputError(`xz: ${why}`, 'The archive is damaged.');
}

const begins = (bytes: Uint8Array, magic: readonly number[], at = 0): boolean =>
  magic.every((byte, i) => bytes[at + i] === byte);

/** What of a block and of the index must agree. */
interface Sizes {
  unpadded: number;
  uncompressed: number;
}

/** The bytes of a stream, or of several behind each other. Rejects with InputError. */
export async function* unxz(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const reader = new ByteReader(bytes, damaged);
  for (let first = true; ; first = false) {
    const header = first ? await reader.take(12) : await nextStream(reader);
    if (!header) return;
    yield* stream(reader, header);
  }
}

/** The header of a stream behind another one, past zeros in fours; undefined: there is none. */
async function nextStream(reader: ByteReader): Promise<Uint8Array | undefined> {
  for (;;) {
    const four = await reader.takeOrEnd(4);
    if (!four) return undefined;
    if (four.every((byte) => byte === 0)) continue;
    const rest = await reader.take(8);
    return Uint8Array.from([...four, ...rest]);
  }
}

function checkOf(kind: number): { make(): Checksum | undefined; size: number } {
  if (kind === 0) return { make: () => undefined, size: 0 };
  if (kind === 1) return { make: () => new Crc32(), size: 4 };
  if (kind === 4) return { make: () => new Crc64(), size: 8 };
  if (kind === 10) return { make: sha256, size: 32 };
  throw new InputError(`xz: its checksums are of kind ${kind}, which is not known`);
}

function sha256(): Checksum {
  const hash = new Sha256();
  return {
    update: (bytes) => hash.update(bytes),
    digest: () => Uint8Array.from(hash.digest().match(/../g)!, (byte) => Number.parseInt(byte, 16)),
  };
}

async function* stream(reader: ByteReader, header: Uint8Array): AsyncGenerator<Uint8Array> {
  const flags = header.subarray(6, 8);
  if (!begins(header, HEADER_MAGIC)) throw damaged('it does not begin as one');
  if (viewOf(header).getUint32(8, true) !== crc32(flags)) throw damaged('its header has a wrong checksum');
  if (flags[0] !== 0 || flags[1]! > 15) throw new InputError('xz: its header asks for what is not known');
  const check = checkOf(flags[1]!);
  const blocks: Sizes[] = [];
  for (;;) {
    const [size] = await reader.take(1);
    if (size === 0) break;
    if (blocks.length >= RECORDS_MAX) throw new InputError(`xz: it has more than ${RECORDS_MAX} blocks`);
    blocks.push(yield* block(reader, size!, check.make(), check.size));
  }
  const indexSize = await index(reader, blocks);
  await footer(reader, flags, indexSize);
}

class Numbers {
  at = 0;
  constructor(readonly bytes: Uint8Array) {}
  next(): number {
    let value = 0;
    for (let i = 0; i < NUMBER_BYTES; i++) {
      const byte = this.bytes[this.at++];
      if (byte === undefined) throw damaged('a number has no end');
      value += (byte & 0x7f) * 2 ** (7 * i);
      if (byte < 0x80) return value;
    }
    throw damaged('a number is too long');
  }
}

async function* block(
  reader: ByteReader,
  size: number,
  checksum: Checksum | undefined,
  checkSize: number,
): AsyncGenerator<Uint8Array, Sizes> {
  const start = reader.position - 1;
  const length = (size + 1) * 4;
  const rest = await reader.take(length - 1);
  const header = Uint8Array.from([size, ...rest]);
  if (viewOf(header).getUint32(length - 4, true) !== crc32(header.subarray(0, length - 4)))
    throw damaged('the header of a block has a wrong checksum');
  const numbers = new Numbers(header.subarray(2, length - 4));
  const flags = header[1]!;
  const told = {
    compressed: flags & 0x40 ? numbers.next() : undefined,
    uncompressed: flags & 0x80 ? numbers.next() : undefined,
  };
  const filters = (flags & 3) + 1;
  const filter = numbers.next();
  if ((flags & 0x3c) !== 0 || filters !== 1 || filter !== LZMA2)
    throw new InputError('xz: it is made with a filter that is not known', 'Make it without one.');
  if (numbers.next() !== 1) throw damaged('its filter has other properties than LZMA2');
  const decoder = new LzmaDecoder(dictionarySize(numbers.bytes[numbers.at]!));
  const begin = reader.position;
  let uncompressed = 0;
  for await (const piece of lzma2(reader, decoder)) {
    uncompressed += piece.length;
    checksum?.update(piece);
    yield piece;
  }
  const compressed = reader.position - begin;
  if ((told.compressed ?? compressed) !== compressed || (told.uncompressed ?? uncompressed) !== uncompressed)
    throw damaged('a block has another size than it says');
  const unpadded = reader.position - start + checkSize;
  const padding = await reader.take((4 - (compressed % 4)) % 4);
  if (padding.some((byte) => byte !== 0)) throw damaged('there is something behind a block');
  const found = await reader.take(checkSize);
  if (checksum && !begins(found, [...checksum.digest()])) throw damaged('a block has a wrong checksum');
  return { unpadded, uncompressed };
}

function dictionarySize(bits: number): number {
  if (bits > 40) throw damaged('its dictionary has no size');
  const size = bits === 40 ? 0xffffffff : (2 | (bits & 1)) * 2 ** (Math.floor(bits / 2) + 11);
  if (size > DICTIONARY_MAX)
    throw new InputError(
      `xz: it needs ${size} bytes of memory, and gets ${DICTIONARY_MAX}`,
      'Make it with xz -9 or less.',
    );
  return size;
}

/** The pieces of LZMA2: each says what it resets, and how long it is. */
async function* lzma2(reader: ByteReader, decoder: LzmaDecoder): AsyncGenerator<Uint8Array> {
  let needs: 'dictionary' | 'properties' | 'state' | undefined = 'dictionary';
  for (;;) {
    const control = (await reader.take(1))[0]!;
    if (control === 0) return;
    if (control === 1 || control >= 0xe0) {
      decoder.emptyDictionary();
      needs = 'properties';
    } else if (needs === 'dictionary') throw damaged('it begins without a dictionary');
    if (control < 0x80) {
      if (control > 2) throw damaged('a piece of it is of no kind');
      const size = viewOf(await reader.take(2)).getUint16(0) + 1;
      const bytes = await reader.take(size);
      decoder.copy(bytes);
      yield bytes;
      continue;
    }
    const sizes = viewOf(await reader.take(4));
    const uncompressed = ((control & 0x1f) << 16) + sizes.getUint16(0) + 1;
    const compressed = sizes.getUint16(2) + 1;
    if (control >= 0xc0) decoder.setProperties((await reader.take(1))[0]!);
    else if (needs === 'properties') throw damaged('a piece of it has no properties');
    if (control >= 0xa0) decoder.resetState();
    else if (needs !== undefined) throw damaged('a piece of it begins without a state');
    needs = undefined;
    const into = new Uint8Array(uncompressed);
    decoder.decode(await reader.take(compressed), into);
    yield into;
  }
}

/** Compares the index with what has come. How long it is. */
async function index(reader: ByteReader, blocks: readonly Sizes[]): Promise<number> {
  const crc = new Crc32();
  const start = reader.position - 1;
  crc.update(Uint8Array.of(0));
  const number = async (): Promise<number> => {
    const bytes: number[] = [];
    do {
      const one = await reader.take(1);
      crc.update(one);
      bytes.push(one[0]!);
    } while (bytes.at(-1)! >= 0x80 && bytes.length < NUMBER_BYTES);
    return new Numbers(Uint8Array.from(bytes)).next();
  };
  if ((await number()) !== blocks.length) throw damaged('its index has another number of blocks');
  for (const { unpadded, uncompressed } of blocks)
    if ((await number()) !== unpadded || (await number()) !== uncompressed) throw damaged('its index is another one’s');
  const padding = await reader.take((4 - ((reader.position - start) % 4)) % 4);
  crc.update(padding);
  if (padding.some((byte) => byte !== 0) || !begins(await reader.take(4), [...crc.digest()]))
    throw damaged('its index has a wrong checksum');
  return reader.position - start;
}

async function footer(reader: ByteReader, flags: Uint8Array, indexSize: number): Promise<void> {
  const bytes = await reader.take(12);
  const view = viewOf(bytes);
  if (!begins(bytes, FOOTER_MAGIC, 10)) throw damaged('it does not end as one');
  if (view.getUint32(0, true) !== crc32(bytes.subarray(4, 10))) throw damaged('its end has a wrong checksum');
  if ((view.getUint32(4, true) + 1) * 4 !== indexSize || !begins(bytes, [...flags], 8))
    throw damaged('its end is another one’s');
}
