// Snapshots as files: what `--snapshot-on` and Ctrl-A w write and `tabvisor vm restore` reads.
// The format: src/vmm/snapshot/file.ts. Disks stay where they are; only what was written over a `,snapshot` disk is in the file.
import { readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { InputError, messageOf } from '../base/errors.js';
import { SnapshotError } from '../devices/snapshot-fields.js';
import { readSnapshot, type Section, type SnapshotFile, writeSnapshot } from '../vmm/snapshot/file.js';
import { fromSections, toSections } from '../vmm/snapshot/machine.js';
import type { VmState } from '../vmm/vm.js';
import { reason } from './files.js';
import { withAbsolutePath } from './net-option.js';
import { nodeCodec } from './node-codec.js';
import { parseDisk, type RawOptions } from './options.js';
import type { SnapshotDisk } from './snapshot-disk.js';

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

const OVERLAY = /^overlay (\d+) \d+$/;

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
  return {
    ...raw,
    net: withAbsolutePath(raw.net),
    ...{ kernel: full(raw.kernel), initrd: full(raw.initrd), bios: full(raw.bios), vgabios: full(raw.vgabios) },
    ...{
      cdrom: full(raw.cdrom),
      disk,
      logPort: raw.logPort.map((text) => text.replace(/=(.+)/s, (_, path) => `=${resolve(path)}`)),
    },
    // About that one run.
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
  return [...disks.map(({ path }) => path), ...overlays, ...(raw.cdrom ? [raw.cdrom] : [])];
}

/** Writes the file whole or not at all. `overlays`: by the disk's number. Throws InputError. */
export async function saveSnapshot(
  path: string,
  raw: RawOptions,
  { machine, halted }: VmState,
  overlays: readonly (SnapshotDisk | undefined)[],
): Promise<number> {
  const options = absolute(raw);
  const description: Description = {
    created: new Date().toISOString(),
    options,
    disks: imagesOf(options).map(stamp),
  };
  const sections: Section[] = toSections(machine, { halted });
  overlays.forEach((overlay, i) => {
    overlay?.save().forEach((bytes, piece) => void sections.push({ name: `overlay ${i} ${piece}`, bytes }));
  });
  const pieces = await writeSnapshot(description, sections, nodeCodec);
  const beside = `${path}.${process.pid}.new`;
  try {
    writeFileSync(beside, Buffer.concat(pieces));
    renameSync(beside, path);
  } catch (error) {
    rmSync(beside, { force: true });
    throw new InputError(`snapshot ${path}: ${reason(error)}`, 'Check the path and the room on the disk.', {
      cause: error,
    });
  }
  return pieces.reduce((sum, { length }) => sum + length, 0);
}

export interface LoadedSnapshot {
  options: RawOptions;
  created: string;
  /** Fills the memory of a machine that was never on, its first `ram` bytes RAM, and the overlays. Throws InputError. */
  into(memory: Uint8Array, ram: number, overlays: readonly (SnapshotDisk | undefined)[]): VmState;
}

/** Throws InputError, which names the file and what is wrong. */
export async function loadSnapshot(path: string): Promise<LoadedSnapshot> {
  let bytes: Uint8Array;
  try {
    bytes = readFileSync(path);
  } catch (error) {
    throw new InputError(`snapshot ${path}: ${reason(error)}`, 'Check the path.', { cause: error });
  }
  const file = await readSnapshot(path, bytes, nodeCodec);
  const { options, created, disks } = file.description as Description;
  for (const then of disks) checkDisk(path, then);
  return { options, created, into: (memory, ram, overlays) => fill(path, file, memory, ram, overlays) };
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

function fill(
  path: string,
  { sections }: SnapshotFile,
  memory: Uint8Array,
  ram: number,
  overlays: readonly (SnapshotDisk | undefined)[],
): VmState {
  try {
    for (const { name, bytes } of sections) {
      const disk = OVERLAY.exec(name)?.[1];
      if (disk !== undefined) overlays[Number(disk)]?.load(bytes);
    }
    const { state, more } = fromSections(sections, memory, ram);
    return { machine: state, halted: more.halted === true };
  } catch (error) {
    if (!(error instanceof SnapshotError)) throw error;
    throw new InputError(`snapshot ${path}: ${messageOf(error)}`, 'Make it again.', { cause: error });
  }
}
