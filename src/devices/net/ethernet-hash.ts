// The checksum of IEEE 802.3 over an address, as network cards use it to hash multicast addresses.
// Source: IEEE 802.3 section 3.2.9; DP8390D data sheet, "Multicast Address Registers".

const POLYNOMIAL = 0x04c11db7;

/** Most significant bit first; the top six bits choose one of 64 filters. */
export function crc32OfAddress(address: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of address) {
    for (let bit = 0; bit < 8; bit++) {
      const carry = (crc >>> 31) ^ ((byte >> bit) & 1);
      crc = (crc << 1) ^ (carry ? POLYNOMIAL : 0);
    }
  }
  return crc >>> 0;
}
