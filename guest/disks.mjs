// Disk images for the guests: `node guest/disks.mjs boot|scratch FILE`.
// guest/README.md (scratch disks); a boot sector ends in 55h AAh (IBM PC BIOS interface).
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const SECTOR = 512;
const SIZE = 4 << 20;

/** The boot sector of ours, and in sector 1 the line that it prints. */
export function bootDisk() {
  const disk = Buffer.alloc(SIZE);
  readFileSync(new URL('build/bootsector.bin', import.meta.url)).copy(disk);
  disk.write('BOOTSECTOR read sector 1\r\n\0', SECTOR, 'latin1');
  return disk;
}

/** Numbers from xorshift32 in every sector but 0, which has the mark that lets a guest write. */
export function scratchDisk() {
  const disk = Buffer.alloc(SIZE);
  let x = 0x7ab715;
  for (let at = SECTOR; at < SIZE; at += 4) {
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    disk.writeInt32LE(x | 0, at);
  }
  disk.write('TABVISOR-SCRATCH', 0, 'latin1');
  return disk;
}

const kinds = { boot: bootDisk, scratch: scratchDisk };

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [kind, file] = process.argv.slice(2);
  if (!Object.hasOwn(kinds, kind ?? '') || !file) {
    console.error('usage: node guest/disks.mjs boot|scratch FILE');
    process.exit(1);
  }
  writeFileSync(file, kinds[kind]());
}
