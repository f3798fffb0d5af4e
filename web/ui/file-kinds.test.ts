// What a dropped file is taken for, where its beginning alone does not tell. ISO 9660 section 8.1; GRUB's rescue floppy.
import { expect, test } from 'vitest';
import { recognize } from './file-kinds.js';

function iso(name: string, size: number): File {
  const bytes = new Uint8Array(size);
  bytes.set([0x55, 0xaa], 510);
  bytes.set([1, 0x43, 0x44, 0x30, 0x30, 0x31], 0x8000);
  return new File([bytes], name);
}

test.each([
  ['grub-rescue-floppy.img', 1296384, 'floppy'],
  ['grub-rescue-cdrom.iso', 1296384, 'cdrom'],
  ['image.img', 4 << 20, 'cdrom'],
])('an ISO that boots from either: %s of %i bytes', async (name, size, kind) => {
  expect(await recognize(iso(name, size))).toEqual({ kind });
});
