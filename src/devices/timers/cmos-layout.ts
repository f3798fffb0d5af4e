// What firmware expects to find in the battery-backed memory: sizes of memory, boot order, disks.
// Source: Ralf Brown's CMOS.LST; SeaBIOS docs "Runtime config"; Bochs' use of 0x38, 0x3d.

export type BootDevice = 'floppy' | 'disk' | 'cdrom' | 'network';
const BOOT_CODES: Record<BootDevice, number> = { floppy: 1, disk: 2, cdrom: 3, network: 4 };

const KIB = 1024;
const MIB = 1024 * KIB;

export interface CmosOptions {
  /** Bytes of RAM below 4 GiB. */
  memory: number;
  /** Tried in order: the first three of them. */
  bootOrder: readonly BootDevice[];
  /** Sizes of the ATA disks in bytes, by position: primary master, primary slave, secondary master, slave. */
  disks?: readonly (number | undefined)[];
  /** Types of the floppy drives A and B: see FloppyFormat. */
  floppies?: readonly (number | undefined)[];
}

/** The initial contents for `Rtc`. An FPU, a mouse, a VGA. */
export function cmosContents(options: CmosOptions): Map<number, number> {
  const contents = new Map<number, number>();
  const word = (index: number, value: number): void => {
    contents.set(index, value & 0xff).set(index + 1, (value >> 8) & 0xff);
  };
  const kibAbove1M = Math.min(0xffff, Math.max(0, Math.floor((options.memory - MIB) / KIB)));
  const [driveA = 0, driveB = 0] = options.floppies ?? [];
  contents.set(0x10, (driveA << 4) | driveB);
  // Bits 7 and 6: floppy drives less one, where bit 0 says that there are any.
  const drives = (driveA > 0 ? 1 : 0) + (driveB > 0 ? 1 : 0);
  contents.set(0x14, 0x06 | (drives > 0 ? 1 | ((drives - 1) << 6) : 0));
  word(0x15, 640);
  word(0x17, kibAbove1M);
  word(0x30, kibAbove1M);
  word(0x34, Math.min(0xffff, Math.max(0, Math.floor((options.memory - 16 * MIB) / (64 * KIB)))));
  contents.set(0x5b, 0).set(0x5c, 0).set(0x5d, 0);
  // One processor.
  contents.set(0x5f, 0);
  const [first = 0, second = 0, third = 0] = options.bootOrder.map((device) => BOOT_CODES[device]);
  // Bit 0 of 0x38: do not look for a signature on a floppy's boot sector.
  contents.set(0x3d, first | (second << 4)).set(0x38, (third << 4) | 1);
  contents.set(0x39, translations(options.disks ?? []));
  let sum = 0;
  for (let index = 0x10; index <= 0x2d; index++) sum += contents.get(index) ?? 0;
  contents.set(0x2e, (sum >> 8) & 0xff).set(0x2f, sum & 0xff);
  return contents;
}

/** Two bits a disk: 0, cylinders as they are; 1, LBA-assisted for disks with more than 1024 of them. */
function translations(disks: readonly (number | undefined)[]): number {
  const largest = 1024 * 16 * 63 * 512;
  return disks.slice(0, 4).reduce<number>((bits, size, index) => {
    return bits | ((size ?? 0) > largest ? 1 << (2 * index) : 0);
  }, 0);
}
