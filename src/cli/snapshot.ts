// Snapshots as files: what `--snapshot-on` and Ctrl-A w write and `tabvisor vm restore` reads.
// The format: src/vmm/snapshot/file.ts. Disks stay where they are; only what was written over a `,snapshot` disk is in the file.
import { closeSync, openSync, renameSync, rmSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { InputError, messageOf } from '../base/errors.js';
import { SnapshotError } from '../devices/snapshot-fields.js';
import { openSnapshot, type Section, type SnapshotFile, writeSnapshot } from '../vmm/snapshot/file.js';
import { StateReader, toSections } from '../vmm/snapshot/machine.js';
import type { VmState } from '../vmm/vm.js';
import { adviceToWrite } from '../hosts/node/file-advice.js';
import { writeRange } from '../hosts/node/file-ranges.js';
import { FileSource, reason } from '../hosts/node/files.js';
import { withAbsolutePath } from './net-option.js';
import { nodeCodec } from '../hosts/node/codec.js';
import { parseDisk, type RawOptions } from './options.js';
import type { SnapshotDisk } from '../hosts/node/snapshot-disk.js';

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
  return [...disks.map(({ path }) => path), ...overlays, ...(raw.cdrom ? [raw.cdrom] : [])];
}

/** Writes the file whole or not at all. `overlays`: by the disk's number. Throws InputError. */
export async function saveSnapshot(
  path: string,
  raw: RawOptions,
  state: VmState,
  overlays: readonly (SnapshotDisk | undefined)[],
): Promise<number> {
  const options = absolute(raw);
  const description: Description = {
    created: new Date().toISOString(),
    options,
    disks: imagesOf(options).map(stamp),
  };
  const pieces = await writeSnapshot(description, sectionsOf(state, overlays), nodeCodec);
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

function* sectionsOf(
  { machine, halted, nmi }: VmState,
  overlays: readonly (SnapshotDisk | undefined)[],
): Iterable<Section> {
  yield* toSections(machine, { halted, nmi });
  for (const [i, overlay] of overlays.entries()) {
    if (overlay) for (const [piece, bytes] of overlay.save().entries()) yield { name: `overlay ${i} ${piece}`, bytes };
  }
}

export interface LoadedSnapshot {
  path: string;
  options: RawOptions;
  created: string;
  /** Fills `memory`, all zeros and of a machine that was never on, and the overlays; once. Throws InputError, which names the file and what is wrong. */
  into(memory: Uint8Array, overlays: readonly (SnapshotDisk | undefined)[]): Promise<VmState>;
}

/** Reads what the machine was started with; the rest is read, and checked, by `into`. Throws InputError as that does. */
export function loadSnapshot(path: string): LoadedSnapshot {
  const source = new FileSource(path, 'snapshot');
  const file = openSnapshot(source, nodeCodec);
  const { options, created, disks } = file.description as Description;
  for (const then of disks) checkDisk(path, then);
  return {
    path,
    options,
    created,
    into: (memory, overlays) => fill(path, file, memory, overlays).finally(() => source.close()),
  };
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

async function fill(
  path: string,
  file: SnapshotFile,
  memory: Uint8Array,
  overlays: readonly (SnapshotDisk | undefined)[],
): Promise<VmState> {
  const reader = new StateReader(memory);
  try {
    await file.read((section) => {
      const disk = OVERLAY.exec(section.name)?.[1];
      if (disk === undefined) reader.take(section);
      else overlays[Number(disk)]?.load(section.bytes);
    });
    const { state, more } = reader.finish();
    return { machine: state, halted: more.halted === true, nmi: more.nmi === true };
  } catch (error) {
    if (!(error instanceof SnapshotError)) throw error;
    throw new InputError(`snapshot ${path}: ${messageOf(error)}`, 'Make it again.', { cause: error });
  }
}
