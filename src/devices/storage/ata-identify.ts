// The 512 bytes with which an ATA device introduces itself.
// Source: ATA/ATAPI-6 (T13/1410D) sections 8.15 (IDENTIFY DEVICE) and 8.16 (IDENTIFY PACKET DEVICE).

export interface Geometry {
  cylinders: number;
  heads: number;
  sectors: number;
}

export interface DriveNames {
  model: string;
  serial: string;
  firmware: string;
}

/** Multiword DMA 0-2 and Ultra DMA 0-5 with the one in use; as SET FEATURES counts: 0x20 | n, 0x40 | n. */
interface TransferModes {
  mode: number;
}

/** Most sectors a block of READ MULTIPLE may have. */
export const MOST_MULTIPLE = 16;

class Words {
  readonly bytes = new Uint8Array(512);

  set(word: number, value: number): this {
    this.bytes[2 * word] = value;
    this.bytes[2 * word + 1] = value >> 8;
    return this;
  }

  set32(word: number, value: number): this {
    return this.set(word, value & 0xffff).set(word + 1, value >>> 16);
  }

  /** Strings are padded with blanks and have the bytes of each word swapped. */
  text(word: number, words: number, text: string): this {
    const padded = text.padEnd(2 * words).slice(0, 2 * words);
    for (let i = 0; i < 2 * words; i++) this.bytes[(2 * word + i) ^ 1] = padded.charCodeAt(i);
    return this;
  }

  names({ serial, firmware, model }: DriveNames): this {
    return this.text(10, 10, serial).text(23, 4, firmware).text(27, 20, model);
  }

  transferModes({ mode }: TransferModes): this {
    const used = (kind: number): number => ((mode & 0xf8) === kind ? 1 << (8 + (mode & 7)) : 0);
    return this.set(63, 0x07 | used(0x20))
      .set(64, 0x03)
      .set(65, 120)
      .set(66, 120)
      .set(67, 120)
      .set(68, 120)
      .set(88, 0x3f | used(0x40));
  }
}

export interface DiskState extends TransferModes {
  names: DriveNames;
  sectors: number;
  geometry: Geometry;
  /** The geometry that INITIALIZE DEVICE PARAMETERS set. */
  current: Geometry;
  multiple: number;
  writeCache: boolean;
}

export function identifyDisk(disk: DiskState): Uint8Array {
  const { geometry, current } = disk;
  const lba28 = Math.min(disk.sectors, 0x0fffffff);
  // NOP, write cache; FLUSH CACHE and its EXT, 48-bit addresses.
  const commands = [0x4020, 0x7400, 0x4000];
  return new Words()
    .set(0, 0x0040)
    .set(1, geometry.cylinders)
    .set(3, geometry.heads)
    .set(6, geometry.sectors)
    .names(disk.names)
    .set(47, 0x8000 | MOST_MULTIPLE)
    .set(48, 1)
    .set(49, 0x0b00)
    .set(50, 0x4000)
    .set(51, 0x0200)
    .set(53, 7)
    .set(54, current.cylinders)
    .set(55, current.heads)
    .set(56, current.sectors)
    .set32(57, current.cylinders * current.heads * current.sectors)
    .set(59, disk.multiple > 0 ? 0x0100 | disk.multiple : 0)
    .set32(60, lba28)
    .transferModes(disk)
    .set(80, 0x0070)
    .set(81, 0x0016)
    .set(82, commands[0])
    .set(83, commands[1])
    .set(84, commands[2])
    .set(85, (commands[0] & ~0x20) | (disk.writeCache ? 0x20 : 0))
    .set(86, commands[1] & 0x3fff)
    .set(87, commands[2])
    .set(93, 0x6001)
    .set32(100, disk.sectors % 2 ** 32)
    .set(102, Math.floor(disk.sectors / 2 ** 32)).bytes;
}

export function identifyCdrom(drive: TransferModes & { names: DriveNames }): Uint8Array {
  return (
    new Words()
      // A CD-ROM with 12-byte packets, removable, ready for the packet within 50 microseconds.
      .set(0, 0x85c0)
      .names(drive.names)
      .set(48, 1)
      .set(49, 0x0b00)
      .set(50, 0x4000)
      .set(51, 0x0200)
      .set(53, 7)
      .transferModes(drive)
      .set(71, 30)
      .set(72, 30)
      .set(80, 0x0070)
      .set(81, 0x0016)
      // NOP, DEVICE RESET, PACKET.
      .set(82, 0x4210)
      .set(83, 0x4000)
      .set(84, 0x4000)
      .set(85, 0x4210)
      .set(87, 0x4000)
      .set(93, 0x6001).bytes
  );
}
