// Cyclic checksums of bytes that come in pieces. The .xz file format 1.1.0, section 6 (CRC32, CRC64); bzip2's CRC, whose bits go the other way.

const CRC32 = 0xedb88320;
/** CRC64 of ECMA-182, reflected, in two halves. */
const CRC64_HIGH = 0xc96c5795;
const CRC64_LOW = 0xd7870f42;
const CRC32_FORWARD = 0x04c11db7;

const TABLE_32 = new Uint32Array(256);
const TABLE_64_HIGH = new Uint32Array(256);
const TABLE_64_LOW = new Uint32Array(256);
const TABLE_FORWARD = new Uint32Array(256);
for (let byte = 0; byte < 256; byte++) {
  let crc = byte;
  let high = 0;
  let low = byte;
  let forward = byte << 24;
  for (let bit = 0; bit < 8; bit++) {
    crc = (crc >>> 1) ^ (crc & 1 ? CRC32 : 0);
    const out = low & 1;
    low = ((low >>> 1) | (high << 31)) ^ (out ? CRC64_LOW : 0);
    high = (high >>> 1) ^ (out ? CRC64_HIGH : 0);
    forward = (forward << 1) ^ (forward < 0 ? CRC32_FORWARD : 0);
  }
  TABLE_32[byte] = crc;
  TABLE_64_HIGH[byte] = high;
  TABLE_64_LOW[byte] = low;
  TABLE_FORWARD[byte] = forward;
}

export interface Checksum {
  update(bytes: Uint8Array): void;
  /** As it stands behind the data in an .xz file. */
  digest(): Uint8Array;
}

export class Crc32 implements Checksum {
  private crc = 0xffffffff;

  update(bytes: Uint8Array): void {
    let { crc } = this;
    for (let i = 0; i < bytes.length; i++) crc = (crc >>> 8) ^ TABLE_32[(crc ^ bytes[i]!) & 0xff]!;
    this.crc = crc;
  }

  get value(): number {
    return (this.crc ^ 0xffffffff) >>> 0;
  }

  digest(): Uint8Array {
    return littleEndian(this.value);
  }
}

export class Crc64 implements Checksum {
  private high = 0xffffffff;
  private low = 0xffffffff;

  update(bytes: Uint8Array): void {
    let { high, low } = this;
    for (let i = 0; i < bytes.length; i++) {
      const at = (low ^ bytes[i]!) & 0xff;
      low = ((low >>> 8) | (high << 24)) ^ TABLE_64_LOW[at]!;
      high = (high >>> 8) ^ TABLE_64_HIGH[at]!;
    }
    this.high = high;
    this.low = low;
  }

  digest(): Uint8Array {
    return Uint8Array.from([...littleEndian(~this.low), ...littleEndian(~this.high)]);
  }
}

/** bzip2's: the first bit is the highest. */
export class ForwardCrc {
  private crc = 0xffffffff;

  update(bytes: Uint8Array): void {
    let { crc } = this;
    for (let i = 0; i < bytes.length; i++) crc = (crc << 8) ^ TABLE_FORWARD[(crc >>> 24) ^ bytes[i]!]!;
    this.crc = crc;
  }

  get value(): number {
    return ~this.crc >>> 0;
  }
}

export const crc32 = (bytes: Uint8Array): number => {
  const crc = new Crc32();
  crc.update(bytes);
  return crc.value;
};

const littleEndian = (value: number): Uint8Array =>
  Uint8Array.of(value & 0xff, (value >>> 8) & 0xff, (value >>> 16) & 0xff, (value >>> 24) & 0xff);
