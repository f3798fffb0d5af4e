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
import { openBlockStore } from '../hosts/node/block-store-files.js';
import { lockFolder } from '../hosts/node/folder-lock.js';
import type { Disk } from '../kernel/block/disk.js';
import { Hostfs, type HostfsOptions } from '../kernel/fs/hostfs.js';
import { Layerfs } from '../kernel/fs/layerfs.js';
import { Overlayfs } from '../kernel/fs/overlayfs.js';
import { Storefs } from '../kernel/fs/store/storefs.js';
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

export interface Root {
  fs: FileSystem;
  /** All that has changed is kept. Throws InputError when it can't be. */
  close(): void;
  /** It is not mounted any more: what was in memory for it alone goes. */
  gone(): void;
}

/** Roots of the programs of a node. A layer that several have is there once. */
export class Roots {
  private readonly layers = new Map<string, SharedLayer>();
  private readonly store: LayerStore;

  constructor(private readonly kernel: Kernel) {
    this.store = new LayerStore(kernel);
  }

  /** `owner`: whose ids files have; `image`: layers, the lowest first, which lie below all else. Throws InputError. */
  async open(options: ProgramOptions, owner: UserNamespace, image: readonly Layer[]): Promise<Root> {
    const { kernel } = this;
    // the ids of the first namespace are the kernel's own
    const owners = owner.parent ? owner : undefined;
    if (options.writeThrough) {
      const fs = folder(kernel, options.rootfs[0]!, false, owners);
      return { fs, close() {}, gone: () => kernel.disks.removeOf(fs) };
    }
    const layers: SharedLayer[] = [];
    for (const { tar, index } of image)
      layers.push(
        await this.layer(`image ${tar.name}`, owners, async () =>
          this.store.hold(new Layerfs(kernel.newDevice(), kernel.frames, tar, index, owners)),
        ),
      );
    for (const path of options.rootfs) layers.push(await this.given(path, owners));
    const kept = options.upper === undefined ? undefined : new KeptUpper(kernel, options.upper, owner);
    const limits = { size: kernel.frames.count * PAGE_SIZE, mode: 0o755, ...owner.rootIds };
    const upper = kept?.storefs.fs ?? new Tmpfs(kernel.newDevice(), kernel.frames, limits, kernel.clock);
    const lowers = layers.map((one) => one.fs).reverse();
    const fs = new Overlayfs(kernel.newDevice(), kernel.setup, upper, lowers);
    for (const one of layers) one.users++;
    return {
      fs,
      close: () => kept?.close(),
      gone: () => {
        kernel.disks.removeOf(upper);
        for (const one of layers) if (--one.users === 0) one.fs.unmounted();
      },
    };
  }

  /** The layer of a folder or an archive. Another file at the same path is another layer. */
  private async given(path: string, owners: UserNamespace | undefined): Promise<SharedLayer> {
    const stats = statSync(path, { throwIfNoEntry: false });
    if (!stats)
      throw new InputError(`--rootfs ${path}: no such file or directory`, 'Give a folder, a tar or a tar.gz.');
    const { dev, ino, mtimeMs, size } = stats;
    const key = stats.isDirectory() ? [dev, ino] : [dev, ino, mtimeMs, size];
    return this.layer(key.join(), owners, async () =>
      stats.isDirectory()
        ? folder(this.kernel, path, true, owners)
        : archive(this.kernel, path, stats, this.store, owners),
    );
  }

  /** The layer that is known as `key`, made when it is not there; one for each map of ids. */
  private async layer(
    key: string,
    owners: UserNamespace | undefined,
    make: () => Promise<FileSystem>,
  ): Promise<SharedLayer> {
    const whole = JSON.stringify([key, owners?.uids.extents]);
    const layer = this.layers.get(whole) ?? { fs: await make(), users: 0 };
    this.layers.set(whole, layer);
    return layer;
  }
}

/** A layer, and how many roots lie on it. With the last of them its pages go, not what was read of its headers. */
interface SharedLayer {
  fs: FileSystem;
  users: number;
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

/** Changes in a folder of the host, which is a disk of its own to programs. */
class KeptUpper {
  readonly storefs: Storefs;
  private readonly name: string;
  private readonly unlock: () => void;

  constructor(kernel: Kernel, path: string, owner: UserNamespace) {
    this.name = `--upper ${path}`;
    if (statSync(path, { throwIfNoEntry: false })?.isDirectory() === false)
      throw new InputError(
        `${this.name}: is no folder`,
        'Changes are kept in a folder, which is made where there is none.',
      );
    this.unlock = lockFolder(path);
    const disk = kernel.disks.add();
    try {
      const store = openBlockStore(path, this.name);
      this.storefs = new Storefs(disk.device, kernel, store, { mode: 0o755, ...owner.rootIds });
    } catch (error) {
      kernel.disks.remove(disk);
      this.unlock();
      throw error;
    }
    disk.hold(this.storefs.fs);
  }

  close(): void {
    const failed = this.storefs.close();
    this.unlock();
    if (failed !== 0)
      throw new InputError(
        `${this.name}: the last changes are lost: ${errnoName(failed)}`,
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
