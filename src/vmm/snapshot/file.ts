// The snapshot file: magic, version, a checked header, then checked sections, packed where that makes them smaller.
// Ours. All numbers little-endian: magic 16 bytes, version u32, header's length u32, its CRC-32 u32, header (JSON), sections.
import { InputError } from '../../base/errors.js';
import type { ByteSource, Codec } from '../../base/host.js';
import { inLanes } from '../../base/lanes.js';
import { decodeText, encodeText } from '../../base/text.js';

/** The end-of-line bytes and the one behind them are spoiled by transfers that take the file for text. */
const MAGIC = encodeText('tabvisor-vm\r\n\x1a\n\0');
export const VERSION = 3;
const FIXED = MAGIC.length + 12;
const HEADER_MAX = 1 << 20;
const SECTION_MAX = 64 * 1024 * 1024;
const SECTIONS_MAX = 4096;
/** Packing that saves less than this share of a section is not worth the unpacking. */
const WORTHWHILE = 1 / 16;

export interface Section {
  name: string;
  bytes: Uint8Array;
}

interface Entry {
  name: string;
  /** Bytes as they were, and as they lie in the file: when as many, they are not packed. */
  size: number;
  stored: number;
  /** Of the stored bytes. */
  crc: number;
}

/** The pieces of the file, in order. `description` is plain JSON data that a reader may see without the sections. */
export async function writeSnapshot(
  description: object,
  sections: Iterable<Section>,
  codec: Codec,
): Promise<Uint8Array[]> {
  const entries: Entry[] = [];
  const pieces: Uint8Array[] = [];
  await inLanes(
    sections,
    () => undefined,
    async ({ name, bytes }) => {
      const packed = await codec.deflate(bytes);
      const stored = packed.length < bytes.length * (1 - WORTHWHILE) ? packed : bytes;
      entries.push({ name, size: bytes.length, stored: stored.length, crc: codec.crc32(stored) });
      pieces.push(stored);
    },
  );
  const header = encodeText(JSON.stringify({ description, sections: entries }));
  const fixed = new Uint8Array(FIXED);
  fixed.set(MAGIC);
  const view = new DataView(fixed.buffer);
  view.setUint32(MAGIC.length, VERSION, true);
  view.setUint32(MAGIC.length + 4, header.length, true);
  view.setUint32(MAGIC.length + 8, codec.crc32(header), true);
  return [fixed, header, ...pieces];
}

export interface SnapshotFile {
  description: unknown;
  /**
   * Hands over each section, checked and unpacked, in any order; the bytes are lent until `take` returns.
   * Throws InputError, which names the file and what is wrong; what had been taken before is then of no use.
   */
  read(take: (section: Section) => void): Promise<void>;
}

/** Reads and checks the header. Throws InputError, which names the file and what is wrong with it. */
export function openSnapshot(file: ByteSource, codec: Codec): SnapshotFile {
  const wrong = (what: string, advice = 'Make it again.'): InputError =>
    new InputError(`snapshot ${file.name}: ${what}`, advice);
  const range = (offset: number, length: number): Uint8Array => {
    const bytes = new Uint8Array(length);
    file.read(offset, bytes);
    return bytes;
  };
  const fixed = range(0, Math.min(FIXED, file.size));
  if (!MAGIC.every((byte, i) => fixed[i] === byte)) {
    throw wrong('not a snapshot of tabvisor', 'Give a file that --snapshot-on or Ctrl-A w has written.');
  }
  if (fixed.length < FIXED) throw wrong('cut short');
  const view = new DataView(fixed.buffer);
  const version = view.getUint32(MAGIC.length, true);
  if (version !== VERSION) throw wrong(`version ${version}; this tabvisor reads version ${VERSION}`);
  const length = view.getUint32(MAGIC.length + 4, true);
  if (length > HEADER_MAX) throw wrong('damaged: its header');
  if (FIXED + length > file.size) throw wrong('cut short');
  const header = range(FIXED, length);
  if (codec.crc32(header) !== view.getUint32(MAGIC.length + 8, true)) throw wrong('damaged: its header');
  const { description, sections } = JSON.parse(decodeText(header) ?? '{}') as {
    description: unknown;
    sections: unknown;
  };
  if (!isEntries(sections)) throw wrong('damaged: its list of sections');
  const total = sections.reduce((sum, { stored }) => sum + stored, FIXED + length);
  if (total > file.size) throw wrong(`cut short: ${file.size} of ${total} bytes`);
  if (total < file.size) throw wrong(`${file.size - total} bytes too long`);

  const largest = Math.max(0, ...sections.map(({ stored }) => stored));
  return {
    description,
    async read(take) {
      let at = FIXED + length;
      await inLanes(
        sections,
        () => new Uint8Array(largest),
        async ({ name, size, stored, crc }, buffer) => {
          const bytes = buffer.subarray(0, stored);
          file.read(at, bytes);
          at += stored;
          if (codec.crc32(bytes) !== crc) throw wrong(`damaged: section ${name}`);
          const whole = stored === size ? bytes : await codec.inflate(bytes, size);
          if (whole?.length !== size) throw wrong(`damaged: section ${name} does not unpack`);
          take({ name, bytes: whole });
        },
      );
    },
  };
}

function isEntries(value: unknown): value is Entry[] {
  if (!Array.isArray(value) || value.length > SECTIONS_MAX) return false;
  const isLength = (n: unknown, most: number): boolean =>
    Number.isInteger(n) && (n as number) >= 0 && (n as number) <= most;
  return value.every(
    (one) =>
      typeof one?.name === 'string' &&
      isLength(one.size, SECTION_MAX) &&
      isLength(one.stored, one.size) &&
      isLength(one.crc, 0xffffffff),
  );
}
