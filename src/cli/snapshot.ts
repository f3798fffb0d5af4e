// Snapshots as files: what `--snapshot-on` and Ctrl-A w write and `tabvisor vm restore` reads.
// The format: src/vmm/snapshot/file.ts. Disks stay where they are; only what was written over a `,snapshot` disk is in the file.
import { closeSync, openSync, renameSync, rmSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { InputError } from '../base/errors.js';
import { adviceToWrite } from '../hosts/node/file-advice.js';
import type { VirtualMachine } from '../library/virtual-machine.js';
import { openSnapshot } from '../vmm/snapshot/file.js';
import { writeRange } from '../hosts/node/file-ranges.js';
import { FileSource, reason } from '../hosts/node/files.js';
import { withAbsolutePath } from './net-option.js';
import { nodeCodec } from '../hosts/node/codec.js';
import { parseDisk, parseFloppy, type RawOptions } from './options.js';

/** A disk image as it was when the snapshot was taken. */
interface DiskStamp {
  path: string;
  size: number;
  modified: number;
}

interface Description {
  created: string;
  options: RawOptions;
  disks: DiskStamp[];
}

/** Paths in options are the reader's to find again, from any folder. */
function absolute(raw: RawOptions): RawOptions {
  const full = (path: string | undefined): string | undefined => (path === undefined ? undefined : resolve(path));
  const disk = raw.disk.map((text) => {
    const { path } = parseDisk(text);
    const settings = text.slice(path.replaceAll(',', ',,').length);
    const full = settings.replace(
      /,overlay=((?:[^,]|,,)+)/,
      (_, file: string) => `,overlay=${resolve(file.replaceAll(',,', ',')).replaceAll(',', ',,')}`,
    );
    return resolve(path).replaceAll(',', ',,') + full;
  });
  const floppy = raw.floppy?.map((text) => {
    const { path } = parseFloppy(text);
    return resolve(path).replaceAll(',', ',,') + text.slice(path.replaceAll(',', ',,').length);
  });
  return {
    ...raw,
    floppy,
    net: withAbsolutePath(raw.net),
    ...{ kernel: full(raw.kernel), initrd: full(raw.initrd), bios: full(raw.bios) },
    ...{ vgabios: full(raw.vgabios), netrom: full(raw.netrom) },
    ...{
      cdrom: full(raw.cdrom),
      disk,
      logPort: raw.logPort.map((text) => text.replace(/=(.+)/s, (_, path) => `=${resolve(path)}`)),
    },
    // About that one run.
    ...{ serial: undefined, display: undefined, screenshot: undefined, screenshotOn: undefined },
    ...{ reboot: undefined, sendAfter: undefined, exitOn: undefined },
    ...{ snapshotOn: undefined, stats: undefined, timeout: undefined, trace: undefined, dumpWat: [], demo: false },
    share: raw.share.map((text) => text.replace(/=(.+?)(,ro)?$/, (_, path, ro) => `=${resolve(path)}${ro ?? ''}`)),
  };
}

function stamp(path: string): DiskStamp {
  const { size, mtimeMs } = statSync(path);
  return { path, size, modified: mtimeMs };
}

function imagesOf(raw: RawOptions): string[] {
  const disks = raw.disk.map((text) => parseDisk(text));
  const overlays = disks.flatMap(({ overlay }) => overlay ?? []);
  const floppies = (raw.floppy ?? []).map((text) => parseFloppy(text).path);
  return [...disks.map(({ path }) => path), ...floppies, ...overlays, ...(raw.cdrom ? [raw.cdrom] : [])];
}

/** Writes the file whole or not at all; its size. Throws InputError. */
export async function saveSnapshot(path: string, raw: RawOptions, vm: VirtualMachine): Promise<number> {
  const options = absolute(raw);
  const description: Description = {
    created: new Date().toISOString(),
    options,
    disks: imagesOf(options).map(stamp),
  };
  const pieces = await vm.snapshotPieces(description);
  const beside = `${path}.${process.pid}.new`;
  try {
    const fd = openSync(beside, 'w');
    try {
      writeRange(fd, 0, pieces);
    } finally {
      closeSync(fd);
    }
    renameSync(beside, path);
  } catch (error) {
    rmSync(beside, { force: true });
    throw new InputError(`snapshot ${path}: ${reason(error)}`, adviceToWrite(path, error), {
      cause: error,
    });
  }
  return pieces.reduce((sum, { length }) => sum + length, 0);
}

/** What the machine was started with; whether its state is whole is found when it is restored. Throws InputError. */
export function describeSnapshot(path: string): { options: RawOptions; created: string } {
  const source = new FileSource(path, 'snapshot');
  try {
    const { options, created, disks } = openSnapshot(source, nodeCodec).description as Description;
    for (const then of disks) checkDisk(path, then);
    return { options, created };
  } finally {
    source.close();
  }
}

/** A file system that has changed under a guest's caches is lost. */
function checkDisk(path: string, then: DiskStamp): void {
  let now: DiskStamp;
  try {
    now = stamp(then.path);
  } catch (error) {
    throw new InputError(`snapshot ${path}: its disk ${then.path}: ${reason(error)}`, 'Put the disk back.', {
      cause: error,
    });
  }
  if (now.size === then.size && now.modified === then.modified) return;
  throw new InputError(
    `snapshot ${path}: its disk ${then.path} has been written since`,
    'The guest would destroy it. Use ,snapshot behind the disk’s name before a snapshot is taken.',
  );
}
