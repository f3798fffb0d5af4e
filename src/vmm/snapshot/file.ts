// The snapshot file: magic, version, a checked header, then compressed and checked sections.
// Ours. All numbers little-endian: magic 16 bytes, version u32, header's length u32, its CRC-32 u32, header (JSON), sections.
import { InputError } from '../../base/errors.js';
import type { Codec } from '../../base/host.js';
import { decodeText, encodeText } from '../../base/text.js';
import { crc32 } from './crc32.js';

/** The end-of-line bytes and the one behind them are spoiled by transfers that take the file for text. */
const MAGIC = encodeText('tabvisor-vm\r\n\x1a\n\0');
export const VERSION = 1;
const FIXED = MAGIC.length + 12;
const HEADER_MAX = 1 << 20;
const SECTION_MAX = 64 * 1024 * 1024;
const SECTIONS_MAX = 4096;

export interface Section {
  name: string;
  bytes: Uint8Array;
}

interface Entry {
  name: string;
  /** Bytes as they were, and as they lie in the file. */
  size: number;
  stored: number;
  /** Of the stored bytes. */
  crc: number;
}

/** The pieces of the file, in order. `description` is plain JSON data that a reader may see without the sections. */
export async function writeSnapshot(
  description: object,
  sections: readonly Section[],
  codec: Codec,
): Promise<Uint8Array[]> {
  const stored = await Promise.all(sections.map(({ bytes }) => codec.deflate(bytes)));
  const entries: Entry[] = sections.map(({ name, bytes }, i) => ({
    name,
    size: bytes.length,
    stored: stored[i].length,
    crc: crc32(stored[i]),
  }));
  const header = encodeText(JSON.stringify({ description, sections: entries }));
  const fixed = new Uint8Array(FIXED);
  fixed.set(MAGIC);
  const view = new DataView(fixed.buffer);
  view.setUint32(MAGIC.length, VERSION, true);
  view.setUint32(MAGIC.length + 4, header.length, true);
  view.setUint32(MAGIC.length + 8, crc32(header), true);
  return [fixed, header, ...stored];
}

export interface SnapshotFile {
  description: unknown;
  /** In the order of the file. */
  sections: Section[];
}

/** Throws InputError, which names the file and what is wrong with it. */
export async function readSnapshot(name: string, file: Uint8Array, codec: Codec): Promise<SnapshotFile> {
  const wrong = (what: string, advice?: string): InputError => new InputError(`snapshot ${name}: ${what}`, advice);
  if (!MAGIC.every((byte, i) => file[i] === byte)) {
    throw wrong('not a snapshot of tabvisor', 'Give a file that --snapshot-on or Ctrl-A w has written.');
  }
  if (file.length < FIXED) throw wrong('cut short', AGAIN);
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const version = view.getUint32(MAGIC.length, true);
  if (version !== VERSION) throw wrong(`version ${version}; this tabvisor reads version ${VERSION}`, AGAIN);
  const length = view.getUint32(MAGIC.length + 4, true);
  if (length > HEADER_MAX) throw wrong('damaged: its header', AGAIN);
  if (FIXED + length > file.length) throw wrong('cut short', AGAIN);
  const header = file.subarray(FIXED, FIXED + length);
  if (crc32(header) !== view.getUint32(MAGIC.length + 8, true)) throw wrong('damaged: its header', AGAIN);
  const { description, sections } = JSON.parse(decodeText(header) ?? '{}') as {
    description: unknown;
    sections: unknown;
  };
  if (!isEntries(sections)) throw wrong('damaged: its list of sections', AGAIN);
  const total = sections.reduce((sum, { stored }) => sum + stored, FIXED + length);
  if (total > file.length) throw wrong(`cut short: ${file.length} of ${total} bytes`, AGAIN);
  if (total < file.length) throw wrong(`${file.length - total} bytes too long`, AGAIN);

  let at = FIXED + length;
  const read = sections.map(async (entry): Promise<Section> => {
    const bytes = file.subarray(at, at + entry.stored);
    at += entry.stored;
    if (crc32(bytes) !== entry.crc) throw wrong(`damaged: section ${entry.name}`, AGAIN);
    const whole = await codec.inflate(bytes, entry.size);
    if (whole?.length !== entry.size) throw wrong(`damaged: section ${entry.name} does not unpack`, AGAIN);
    return { name: entry.name, bytes: whole };
  });
  return { description, sections: await Promise.all(read) };
}

const AGAIN = 'Make it again.';

function isEntries(value: unknown): value is Entry[] {
  if (!Array.isArray(value) || value.length > SECTIONS_MAX) return false;
  const isLength = (n: unknown, most: number): boolean =>
    Number.isInteger(n) && (n as number) >= 0 && (n as number) <= most;
  return value.every(
    (one) =>
      typeof one?.name === 'string' &&
      isLength(one.size, SECTION_MAX) &&
      isLength(one.stored, SECTION_MAX + 65536) &&
      isLength(one.crc, 0xffffffff),
  );
}
