// The root of `tabvisor kernel run`: folders and archives of the host, one on the other, and where changes go.
// Nothing of a root is unpacked: an archive is read where it lies (kernel/fs/layerfs.ts).
import { closeSync, openSync, readSync, type Stats, statSync } from 'node:fs';
import type { FileTree } from '../base/file-tree.js';
import { formatSize } from '../base/bytes.js';
import { InputError } from '../base/errors.js';
import { FileSource, reason } from '../hosts/node/files.js';
import { SharedFolder } from '../hosts/node/shared-folder.js';
import { uncompressedCopy } from '../hosts/node/uncompressed-copy.js';
import { errnoName } from '../kernel/abi/errno.js';
import { JournalFile } from '../hosts/node/journal-file.js';
import type { Disk } from '../kernel/block/disk.js';
import { Journal } from '../kernel/fs/journal.js';
import { Hostfs, type HostfsOptions } from '../kernel/fs/hostfs.js';
import { Layerfs } from '../kernel/fs/layerfs.js';
import { Overlayfs } from '../kernel/fs/overlayfs.js';
import { Tmpfs } from '../kernel/fs/tmpfs.js';
import type { Kernel } from '../kernel/kernel.js';
import { PAGE_SIZE } from '../kernel/mm/frames.js';
import type { IdMaps } from '../kernel/ns/id-map.js';
import type { UserNamespace } from '../kernel/ns/user-namespace.js';
import type { FileSystem } from '../kernel/vfs/file-system.js';
import { indexLayer } from '../oci/layer.js';
import type { Layer } from '../oci/store/layer-store.js';
import type { ProgramOptions } from './kernel-options.js';

/** What the first bytes of a file say of it; only the first is taken. */
const COMPRESSIONS: readonly (readonly [magic: readonly number[], name: string, command: string])[] = [
  [[0x1f, 0x8b], 'gzip', 'gunzip'],
  [[0x28, 0xb5, 0x2f, 0xfd], 'zstd', 'zstd -d'],
  [[0xfd, 0x37, 0x7a, 0x58, 0x5a], 'xz', 'unxz'],
  [[0x42, 0x5a, 0x68], 'bzip2', 'bunzip2'],
];

/** How often what has changed goes to the file of --upper by itself: what a kill of this process may cost, in milliseconds. */
const COMMIT_EVERY = 5000;

export interface Root {
  fs: FileSystem;
  /** All that has changed is kept. Throws InputError when it can't be. */
  close(): void;
}

/** Roots of the programs of a node. A layer that several have is there once. */
export class Roots {
  private readonly layers = new Map<string, FileSystem>();
  private readonly store: LayerStore;

  constructor(private readonly kernel: Kernel) {
    this.store = new LayerStore(kernel);
  }

  /** `owner`: whose ids files have; `image`: layers, the lowest first, which lie below all else. Throws InputError. */
  async open(options: ProgramOptions, owner: UserNamespace, image: readonly Layer[]): Promise<Root> {
    const { kernel } = this;
    // the ids of the first namespace are the kernel's own
    const owners = owner.parent ? owner : undefined;
    if (options.writeThrough) return { fs: folder(kernel, options.rootfs[0]!, false, owners), close() {} };
    const layers = image.map((one) => this.imageLayer(one, owners));
    for (const path of options.rootfs) layers.push(await this.layer(path, owners));
    const kept = options.upper === undefined ? undefined : new KeptUpper(options.upper);
    const limits = { size: kernel.frames.count * PAGE_SIZE, mode: 0o755, ...owner.rootIds };
    const disk = kept && kernel.disks.add();
    const device = disk?.device ?? kernel.newDevice();
    const upper = new Tmpfs(device, kernel.frames, limits, kernel.clock, kept?.journal);
    disk?.hold(upper);
    kept?.journal.restore(upper);
    const fs = new Overlayfs(kernel.newDevice(), kernel.setup, upper, layers.reverse());
    return {
      fs,
      close: () => {
        if (disk) kernel.disks.remove(disk);
        kept?.close();
      },
    };
  }

  private imageLayer({ tar, index }: Layer, owners: UserNamespace | undefined): FileSystem {
    const { kernel, store } = this;
    const key = `image ${tar.name}`;
    const known = owners ? undefined : this.layers.get(key);
    const layer = known ?? store.hold(new Layerfs(kernel.newDevice(), kernel.frames, tar, index, owners));
    if (!owners) this.layers.set(key, layer);
    return layer;
  }

  private async layer(path: string, owners: UserNamespace | undefined): Promise<FileSystem> {
    const stats = statSync(path, { throwIfNoEntry: false });
    if (!stats)
      throw new InputError(`--rootfs ${path}: no such file or directory`, 'Give a folder, a tar or a tar.gz.');
    // another file at the same path is another layer
    const key = [stats.dev, stats.ino, stats.isFile() && stats.mtimeMs, stats.isFile() && stats.size].join();
    const known = owners ? undefined : this.layers.get(key);
    if (known) return known;
    const made = stats.isDirectory()
      ? folder(this.kernel, path, true, owners)
      : await archive(this.kernel, path, stats, this.store, owners);
    if (!owners) this.layers.set(key, made);
    return made;
  }
}

/** The disk that all archives lie on: it is there when one is. */
class LayerStore {
  private disk?: Disk;

  constructor(private readonly kernel: Kernel) {}

  hold(fs: FileSystem): FileSystem {
    this.disk ??= this.kernel.disks.add();
    this.disk.hold(fs);
    return fs;
  }
}

/** Changes in a file of the host. */
class KeptUpper {
  readonly journal: Journal;
  private readonly file: JournalFile;
  private readonly timer: NodeJS.Timeout;

  constructor(path: string) {
    this.file = new JournalFile(path, '--upper');
    try {
      this.journal = new Journal(this.file);
    } catch (error) {
      this.file.close();
      throw error;
    }
    this.timer = setInterval(() => this.journal.commit(false), COMMIT_EVERY);
    this.timer.unref();
  }

  close(): void {
    clearInterval(this.timer);
    const failed = this.journal.commit(true);
    this.file.close();
    if (failed !== 0)
      throw new InputError(
        `${this.file.name}: the last changes are lost: ${errnoName(failed)}`,
        'Is there room on the disk?',
      );
  }
}

function folder(kernel: Kernel, path: string, readOnly: boolean, owners: IdMaps | undefined): Hostfs {
  return volume(kernel, new SharedFolder(path, readOnly, 'rootfs'), { live: false, readOnly, owners });
}

/** A folder of the host, which is a disk of its own to programs. */
export function volume(kernel: Kernel, tree: FileTree, options: HostfsOptions): Hostfs {
  const disk = kernel.disks.add();
  const fs = new Hostfs(disk.device, kernel.frames, tree, options);
  disk.hold(fs);
  return fs;
}

async function archive(
  kernel: Kernel,
  path: string,
  stats: Stats,
  store: LayerStore,
  owners: IdMaps | undefined,
): Promise<FileSystem> {
  if (!stats.isFile()) throw new InputError(`--rootfs ${path}: neither a folder nor a file`, 'Give a tar or a tar.gz.');
  const tar = await uncompressed(path);
  const blob = new FileSource(tar, 'rootfs');
  try {
    return store.hold(new Layerfs(kernel.newDevice(), kernel.frames, blob, indexLayer(blob), owners));
  } catch (error) {
    if (error instanceof InputError)
      throw new InputError(`--rootfs ${path}: ${error.message}`, error.advice, { cause: error });
    throw error;
  }
}

async function uncompressed(path: string): Promise<string> {
  const first = firstBytes(path);
  const found = COMPRESSIONS.find(([magic]) => magic.every((byte, i) => first[i] === byte));
  if (!found) return path;
  const [, name, command] = found;
  if (name !== 'gzip')
    throw new InputError(
      `--rootfs ${path}: compressed with ${name}, which is not read here`,
      `Uncompress it first: ${command} ${path}`,
    );
  const { stderr } = process;
  let shown = 0;
  return uncompressedCopy(path, {
    begins: (copy) => stderr.write(`tabvisor: ${path} is compressed; an uncompressed copy is kept: ${copy}\n`),
    read(done, total) {
      if (!stderr.isTTY || (done < total && done - shown < 1 << 20)) return;
      shown = done;
      stderr.write(`\r${formatSize(done)} of ${formatSize(total)}\x1b[K${done === total ? '\n' : ''}`);
    },
  });
}

function firstBytes(path: string): Uint8Array {
  const bytes = new Uint8Array(8);
  try {
    const fd = openSync(path, 'r');
    try {
      readSync(fd, bytes);
    } finally {
      closeSync(fd);
    }
  } catch (error) {
    throw new InputError(`--rootfs ${path}: ${reason(error)}`, 'Give a folder, a tar or a tar.gz.', { cause: error });
  }
  return bytes;
}
