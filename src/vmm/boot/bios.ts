// Loads a BIOS image: at the reset vector below 4 GiB, its last 128 KiB also below 1 MiB; and a VGA BIOS at C0000h.
// SDM vol. 3A section 10.1.4 (first instruction at FFFFFFF0h); PC/AT memory map.
import { formatSize, KIB } from '../../base/bytes.js';
import { InputError } from '../../base/errors.js';
import type { ByteSource } from '../../base/host.js';
import { BIOS_SIZES, OPTION_ROM_MAX } from '../layout.js';

/** Reads a BIOS image. Throws InputError when it is not one. */
export function readBios(file: ByteSource): Uint8Array {
  if (!BIOS_SIZES.some((size) => size === file.size)) {
    throw new InputError(
      `bios ${file.name}: ${formatSize(file.size)}; a BIOS image has ${BIOS_SIZES.map((size) => `${size / KIB}`).join(', ')} KiB`,
      'Debian has one: seabios, /usr/share/seabios/bios-256k.bin.',
    );
  }
  const bytes = readAll(file);
  if (bytes.subarray(bytes.length - 16).every((byte) => byte === 0 || byte === 0xff)) {
    throw new InputError(
      `bios ${file.name}: nothing at the reset vector, 16 bytes before its end`,
      'Give another image.',
    );
  }
  return bytes;
}

/** Reads an option ROM, which begins 55h AAh and its length in 512-byte blocks. */
export function readOptionRom(file: ByteSource): Uint8Array {
  if (file.size < 512 || file.size > OPTION_ROM_MAX) {
    throw new InputError(`vgabios ${file.name}: ${formatSize(file.size)}; an option ROM has 512 bytes to 128 KiB`);
  }
  const bytes = readAll(file);
  if (bytes[0] !== 0x55 || bytes[1] !== 0xaa) {
    throw new InputError(
      `vgabios ${file.name}: does not begin with 55 AA`,
      'Debian has one: /usr/share/seabios/vgabios-stdvga.bin.',
    );
  }
  return bytes;
}

function readAll(file: ByteSource): Uint8Array {
  const bytes = new Uint8Array(file.size);
  file.read(0, bytes);
  return bytes;
}
