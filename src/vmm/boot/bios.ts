// Loads a BIOS image: at the reset vector below 4 GiB, its last 128 KiB also below 1 MiB; and a VGA BIOS at C0000h.
// SDM vol. 3A section 10.1.4 (first instruction at FFFFFFF0h); PC/AT memory map.
import { formatSize, hex, KIB } from '../../base/bytes.js';
import { InputError } from '../../base/errors.js';
import type { ByteSource } from '../../base/host.js';
import type { PcFirmwareOptions } from '../../devices/firmware/fw-cfg-pc.js';
import type { PciFunction } from '../../devices/pci/pci-function.js';
import type { BootConfig } from '../config.js';
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

/** What Debian has of each kind of option ROM. */
const DEBIAN_ROMS = {
  vgabios: 'Debian has one: /usr/share/seabios/vgabios-stdvga.bin.',
  netrom:
    'Debian has them in ipxe-qemu: /usr/lib/ipxe/qemu/pxe-ne2k_pci.rom for card ne2000, pxe-virtio.rom for virtio.',
};
/** Where an option ROM has the offset of its PCI data structure, which begins "PCIR". */
const PCI_DATA = 0x18;
const PCIR = 0x52494350;

/** Reads an option ROM, which begins 55h AAh and its length in 512-byte blocks. */
function readOptionRom(file: ByteSource, what: keyof typeof DEBIAN_ROMS): Uint8Array {
  if (file.size < 512 || file.size > OPTION_ROM_MAX) {
    throw new InputError(`${what} ${file.name}: ${formatSize(file.size)}; an option ROM has 512 bytes to 128 KiB`);
  }
  const bytes = readAll(file);
  if (bytes[0] !== 0x55 || bytes[1] !== 0xaa) {
    throw new InputError(`${what} ${file.name}: does not begin with 55 AA`, DEBIAN_ROMS[what]);
  }
  return bytes;
}

/** What a BIOS is handed: the ROMs of the display and the network card. Throws InputError. */
export function optionRoms(
  boot: BootConfig,
  card: PciFunction | undefined,
): Pick<PcFirmwareOptions, 'vgaRom' | 'networkRom'> {
  if (boot.kind !== 'bios') return {};
  const { vgabios, netrom } = boot;
  return {
    vgaRom: vgabios && readOptionRom(vgabios, 'vgabios'),
    networkRom: netrom && card && { ...card.identity, bytes: readCardRom(netrom, card.identity.vendor) },
  };
}

/** A card's ROM says whose card it is for: PCI Firmware Specification 3.0, section 5.1.2. Throws InputError. */
function readCardRom(file: ByteSource, vendor: number): Uint8Array {
  const bytes = readOptionRom(file, 'netrom');
  const view = new DataView(bytes.buffer);
  const at = view.getUint16(PCI_DATA, true);
  const named = at + 6 <= bytes.length && view.getUint32(at, true) === PCIR ? view.getUint16(at + 4, true) : 0;
  // 0: it does not say, as iPXE's for the NE2000
  if (named !== 0 && named !== vendor) {
    throw new InputError(
      `netrom ${file.name}: for cards of vendor ${hex(named, 4)}, and the card's is ${hex(vendor, 4)}`,
      DEBIAN_ROMS.netrom,
    );
  }
  return bytes;
}

function readAll(file: ByteSource): Uint8Array {
  const bytes = new Uint8Array(file.size);
  file.read(0, bytes);
  return bytes;
}
