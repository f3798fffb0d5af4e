// What the options of `tabvisor vm run` name, opened: files to load, drives, where serial output and logs go.
// Ours.
import {
  accessSync,
  constants,
  createWriteStream,
  mkdtempSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { MIB } from '../base/bytes.js';
import { InputError } from '../base/errors.js';
import type { DriveConfig, MachineConfig, VirtioConfig } from '../vmm/config.js';
import type { BlockBackend } from '../devices/storage/block-backend.js';
import { isQcow2, Qcow2 } from '../devices/storage/disk-image/qcow2.js';
import { adviceToWrite } from '../hosts/node/file-advice.js';
import { type Closers, openFor } from '../hosts/node/file-writer.js';
import { type DiskMode, FileDisk, FileSource, reason } from '../hosts/node/files.js';
import { inflateCluster } from '../hosts/node/codec.js';
import { busOf, type VmRunOptions } from './options.js';
import type { ConsoleInput } from './console-input.js';
import { Output, type SerialSink } from './output.js';
import { openSerialSocket } from './serial-socket.js';
import { OverlayFile } from '../hosts/node/overlay-file.js';
import { PACKAGE_ROOT } from './package-root.js';
import { SharedFolder } from '../hosts/node/shared-folder.js';
import { SnapshotDisk } from '../hosts/node/snapshot-disk.js';

const OWN_GUEST = fileURLToPath(new URL('guest/build/tabvisor-guest.elf', PACKAGE_ROOT));
const DEMO_DISK = 16 * MIB;
/** Our guest writes only to a disk that begins so: guest/README.md. */
const SCRATCH_MARK = 'TABVISOR-SCRATCH';

/** `overlays`: of `,snapshot` disks, by the number of their option. */
export interface OpenedFiles extends Pick<MachineConfig, 'boot' | 'drives' | 'virtio'> {
  overlays: (SnapshotDisk | undefined)[];
}

/** Of a file that is written when the run is over, or when the guest says something: a wrong path is told of before. */
export function checkWritable(what: string, path: string): void {
  try {
    const there = statSync(path, { throwIfNoEntry: false });
    if (there?.isDirectory()) throw Object.assign(new Error('is a directory'), { code: 'EISDIR' });
    accessSync(there ? path : dirname(path), constants.W_OK);
  } catch (error) {
    throw new InputError(`${what} ${path}: ${reason(error)}`, adviceToWrite(path, error), { cause: error });
  }
}

/** Everything that the options name is opened before anything runs. */
export function openFiles(options: VmRunOptions, closers: Closers): OpenedFiles {
  const source = (path: string, what: string) => new FileSource(path, what);
  const drives: (DriveConfig | undefined)[] = [];
  const virtio: VirtioConfig[] = [];
  const overlays: (SnapshotDisk | undefined)[] = [];
  for (const option of options.disks) {
    const { path, mode, overlay: file } = option;
    const disk = openDisk(path, mode);
    const overlay = mode === 'snapshot' ? new SnapshotDisk(disk) : undefined;
    const backend = overlay ?? (file === undefined ? disk : new OverlayFile(file, disk));
    overlays.push(overlay);
    if (busOf(option, options.mode) === 'virtio')
      virtio.push({ kind: 'block', backend, serial: `TV-VIRTIO-${virtio.length + 1}` });
    else drives.push({ backend, cdrom: false });
  }
  for (const { tag, path, readOnly } of options.shares)
    virtio.push({ kind: 'p9', tag, tree: new SharedFolder(path, readOnly) });
  if (options.mode === 'para') virtio.push({ kind: 'rng' }, { kind: 'balloon' });
  if (options.demo && drives.length === 0)
    drives.push({ backend: new FileDisk(demoDisk(closers), 'write'), cdrom: false });
  if (options.cdrom) {
    // The CD is the secondary master when that is free, as boot loaders expect.
    const place = drives.length <= 2 ? 2 : 3;
    drives[place] = { backend: new FileDisk(options.cdrom, 'read-only', 'cdrom'), cdrom: true };
  }
  if (options.bios) {
    const vgabios = options.vgabios ? source(options.vgabios, 'vgabios') : undefined;
    return { boot: { kind: 'bios', bios: source(options.bios, 'bios'), vgabios }, drives, virtio, overlays };
  }
  const own = options.kernel === undefined;
  return {
    boot: {
      kind: 'kernel',
      kernel: source(options.kernel ?? OWN_GUEST, 'kernel'),
      initrd: options.initrd ? source(options.initrd, 'initrd') : undefined,
      commandLine: own && options.demo ? `run=all exit=poweroff ${options.append}` : options.append,
      entry: options.boot,
    },
    drives,
    virtio,
    overlays,
  };
}

/** A path that is no file at all is not: that is for FileDisk to complain of. */
function isQcow2File(path: string): boolean {
  const stats = statSync(path, { throwIfNoEntry: false });
  if (!stats?.isFile() || stats.size === 0) return false;
  const source = new FileSource(path, 'disk');
  const found = isQcow2(source);
  source.close();
  return found;
}

/** Raw, or qcow2 when the image says so. Throws InputError. */
function openDisk(path: string, mode: DiskMode): BlockBackend {
  if (!isQcow2File(path)) return new FileDisk(path, mode);
  if (mode !== 'write') return new Qcow2(new FileSource(path, 'disk'), inflateCluster);
  throw new InputError(
    `disk ${path}: qcow2 images are read and not written`,
    'Add ,snapshot or ,overlay=FILE or ,ro after the name, or make it raw: qemu-img convert -O raw OLD NEW.',
  );
}

function demoDisk(closers: Closers): string {
  const folder = mkdtempSync(join(tmpdir(), 'tabvisor-'));
  closers.push(() => rmSync(folder, { recursive: true, force: true }));
  const path = join(folder, 'scratch.img');
  writeFileSync(path, SCRATCH_MARK);
  truncateSync(path, DEMO_DISK);
  return path;
}

/** What is at the other end of the first serial port; `onBroken` when nobody reads it any more. Throws InputError. */
export async function openSerial(
  options: VmRunOptions,
  input: ConsoleInput,
  closers: Closers,
  onBroken: () => void,
): Promise<SerialSink | undefined> {
  if (options.serial.kind === 'none') return undefined;
  if (options.serial.kind === 'stdio') return new Output(process.stdout, onBroken);
  if (options.serial.kind === 'socket') return openSerialSocket(options.serial.path, input, closers);
  const fd = openFor(`--serial ${options.serial.path}`, options.serial.path, 'w');
  return new Output(createWriteStream('', { fd }), onBroken);
}
