// What a dropped file is, by what it begins with, and what to say of one that no machine can use.
// Linux boot protocol, Multiboot 0.6.96, the magic numbers of gzip, xz, zstd, lz4, bzip2, cpio, qcow2, ISO 9660.
import { floppyFormat, sizeOf } from '../../src/devices/storage/floppy/floppy-format.js';
import { isBzImage } from '../../src/vmm/boot/bzimage.js';
import { findHeader } from '../../src/vmm/boot/multiboot.js';
import { BIOS_SIZES, OPTION_ROM_MAX } from '../../src/vmm/layout.js';

export type FileKind = 'kernel' | 'initrd' | 'disk' | 'cdrom' | 'floppy' | 'bios' | 'vgabios';
export type Recognized = { kind: FileKind } | { what: string; advice: string };

export const KIND_NAMES: Record<FileKind, string> = {
  kernel: 'Kernel',
  initrd: 'Initrd',
  disk: 'Disk',
  cdrom: 'CD-ROM',
  floppy: 'Floppy',
  bios: 'BIOS',
  vgabios: 'Video BIOS',
};

const START = 8192;
const ISO_VOLUME = 0x8001;
const SECTOR = 512;
const RESET_VECTOR = 16;
const FAR_JUMP = 0xea;

const COMPRESSED: readonly [name: string, ...bytes: number[]][] = [
  ['gzip', 0x1f, 0x8b],
  ['xz', 0xfd, 0x37, 0x7a, 0x58, 0x5a],
  ['zstd', 0x28, 0xb5, 0x2f, 0xfd],
  ['lz4', 0x02, 0x21, 0x4c, 0x18],
  ['bzip2', 0x42, 0x5a, 0x68],
];
const QCOW2 = 'QFI\xfb';
const FORMATS: readonly [name: string, text: string][] = [
  ['a VMDK image', 'KDMV'],
  ['a VirtualBox image', '<<< '],
  ['a zip archive', 'PK\x03\x04'],
];

export async function recognize(file: File): Promise<Recognized> {
  const bad = (what: string, advice: string): Recognized => ({ what: `${file.name}: ${what}.`, advice });
  if (file.size === 0) return bad('the file is empty', 'Choose another one; a folder cannot be dropped.');
  const start = new Uint8Array(await file.slice(0, START).arrayBuffer());
  const text = String.fromCharCode(...start.subarray(0, 8));
  if (isBzImage(start) || findHeader(start) >= 0) return { kind: 'kernel' };
  if (text.startsWith('\x7fELF'))
    return bad(
      'an ELF file without a Multiboot header',
      'Give a bzImage as distributions ship it (vmlinuz), or a Multiboot kernel.',
    );
  if (start[0] === 0x55 && start[1] === 0xaa && file.size <= OPTION_ROM_MAX) return { kind: 'vgabios' };
  if (await isBios(file)) return { kind: 'bios' };
  if (/^0707(01|02|07)/.test(text)) return { kind: 'initrd' };
  const compressed = COMPRESSED.find(([, ...bytes]) => bytes.every((byte, i) => start[i] === byte));
  if (compressed) {
    if (/\.(img|iso|raw|qcow2)\.\w+$/i.test(file.name) && !/initr/i.test(file.name))
      return bad(`a disk image packed with ${compressed[0]}`, 'Unpack it first: a disk is read by ranges.');
    return { kind: 'initrd' };
  }
  if (text.startsWith(QCOW2)) return { kind: 'disk' };
  const format = FORMATS.find(([, magic]) => text.startsWith(magic));
  if (format) return bad(`${format[0]}, which is not read here`, 'Make a raw one: qemu-img convert -O raw.');
  const volume = new Uint8Array(await file.slice(ISO_VOLUME, ISO_VOLUME + 5).arrayBuffer());
  if (String.fromCharCode(...volume) === 'CD001') return { kind: isFloppyToo(file) ? 'floppy' : 'cdrom' };
  if (isFloppy(file)) return { kind: 'floppy' };
  if (file.size % SECTOR === 0) return { kind: 'disk' };
  return bad(
    `neither a kernel, nor an initrd, nor a raw disk image (${file.size} bytes, no multiple of ${SECTOR})`,
    'Give a vmlinuz, its initrd, a raw or qcow2 image, a floppy disk or an ISO.',
  );
}

/** Of the size of a floppy disk; by its name it may be the beginning of one. */
function isFloppy({ name, size }: File): boolean {
  const format = floppyFormat(size);
  return format !== undefined && (sizeOf(format) === size || /\.(flp|vfd|ima)$/i.test(name));
}

/** GRUB's rescue floppy is an ISO that boots from either; what it is meant for, its name says. */
function isFloppyToo({ name, size }: File): boolean {
  return floppyFormat(size) !== undefined && !/\.(iso|cdr)$/i.test(name);
}

/** A far jump at the reset vector, 16 bytes before the end (SDM vol. 3A 10.1.4). */
async function isBios(file: File): Promise<boolean> {
  if (!BIOS_SIZES.some((size) => size === file.size)) return false;
  const [first] = new Uint8Array(await file.slice(file.size - RESET_VECTOR, file.size).arrayBuffer());
  return first === FAR_JUMP;
}

const TAR_NAME = 100;
/** How the first name of an image's tar begins: of docker save today and before, of skopeo, of an OCI layout. */
const IN_IMAGES = /^(\.\/)?(blobs\/|oci-layout|index\.json|manifest\.json|repositories|[0-9a-f]{64}[./])/;

/** Is it the tar of images, perhaps packed with gzip? Its first name says so. */
export async function isImage(file: Blob): Promise<boolean> {
  const packed = new Uint8Array(await file.slice(0, 2).arrayBuffer());
  const bytes =
    packed[0] === 0x1f && packed[1] === 0x8b
      ? await firstBytes(file.stream().pipeThrough(new DecompressionStream('gzip')))
      : new Uint8Array(await file.slice(0, TAR_NAME).arrayBuffer());
  const name = bytes.subarray(0, TAR_NAME);
  return IN_IMAGES.test(String.fromCharCode(...name));
}

async function firstBytes(stream: ReadableStream<Uint8Array>): Promise<Uint8Array> {
  const reader = stream.getReader();
  const { value } = await reader.read();
  await reader.cancel().catch(() => {});
  return value ?? new Uint8Array(0);
}
