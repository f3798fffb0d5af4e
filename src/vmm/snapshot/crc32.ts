// CRC-32 as Ethernet, gzip and PNG have it, for hosts that have none of their own; eight bytes a step.
// Source: ITU-T V.42 section 8.1.1.6.2; the "slicing" tables of Kounavis and Berry, 2005.

const POLYNOMIAL = 0xedb88320;
const SLICES = 8;
let tables: Uint32Array[] | undefined;

function makeTables(): Uint32Array[] {
  const all = Array.from({ length: SLICES }, () => new Uint32Array(256));
  for (let byte = 0; byte < 256; byte++) {
    let value = byte;
    for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ POLYNOMIAL : value >>> 1;
    all[0][byte] = value;
  }
  for (let slice = 1; slice < SLICES; slice++) {
    for (let byte = 0; byte < 256; byte++) {
      const before = all[slice - 1][byte];
      all[slice][byte] = (before >>> 8) ^ all[0][before & 0xff];
    }
  }
  return all;
}

/** `before`: the checksum of what stands in front of them. */
export function crc32(bytes: Uint8Array, before = 0): number {
  tables ??= makeTables();
  const [t0, t1, t2, t3, t4, t5, t6, t7] = tables;
  let value = ~before;
  let at = 0;
  for (const end = bytes.length - 7; at < end; at += 8) {
    const low = value ^ (bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16) | (bytes[at + 3] << 24));
    value =
      t7[low & 0xff] ^
      t6[(low >>> 8) & 0xff] ^
      t5[(low >>> 16) & 0xff] ^
      t4[low >>> 24] ^
      t3[bytes[at + 4]] ^
      t2[bytes[at + 5]] ^
      t1[bytes[at + 6]] ^
      t0[bytes[at + 7]];
  }
  for (; at < bytes.length; at++) value = (value >>> 8) ^ t0[(value ^ bytes[at]) & 0xff];
  return ~value >>> 0;
}
