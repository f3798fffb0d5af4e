// What the contract asks about files of containers, of whatever state they are.
// Docker Engine API, ContainerArchive, PutContainerArchive, ContainerChanges.
import type { Kernel } from '../../kernel/kernel.js';
import type { FileSystem } from '../../kernel/vfs/file-system.js';
import type { Archives } from '../archives.js';
import type { ArgumentOf, FileChange, FileStatus, FilesOf } from '../contract.js';

import type { Filesystems } from '../filesystems.js';
import { Refusal } from '../refusal.js';
import { userOf } from '../user-name.js';
import { changesOf, upperOf, usageOf } from './changes.js';
import { tarOf } from './tar-reader.js';
import { TarWriter } from './tar-writer.js';
import { toBytes, View } from './view.js';

export class Files {
  constructor(
    private readonly kernel: Kernel,
    private readonly archives: Archives,
    private readonly filesystems: Filesystems,
  ) {}

  /** `use` may keep the view by answering true. */
  private seen<T>({ root, mounts }: FilesOf, use: (view: View) => T, keep = false): T {
    const view = new View(this.kernel, this.filesystems.root(root), mounts, this.filesystems.sources);
    let kept = false;
    try {
      const result = use(view);
      kept = keep;
      return result;
    } finally {
      if (!kept) view.close();
    }
  }

  status({ path, ...files }: ArgumentOf<'statFile'>): FileStatus {
    return this.seen(files, (view) => view.status(path));
  }

  openTree({ path, name, ...files }: ArgumentOf<'openTree'>): { archive: number } {
    return this.seen(
      files,
      (view) => {
        const pieces = tarOf(view.task, view.find(path), toBytes(name));
        return { archive: this.archives.add({ pieces, close: () => view.close() }) };
      },
      true,
    );
  }

  openUnpacking({ path, owner, readOnlyRoot, noOverwriteDirNonDir, ...files }: ArgumentOf<'openUnpacking'>) {
    return this.seen(
      files,
      (view) => {
        const into = view.find(path, true);
        if (!into.inode.isDirectory) throw new Refusal('invalid', 'extraction point is not a directory');
        if (into.mount === view.root.mount) {
          if (readOnlyRoot) throw new Refusal('invalid', 'container rootfs is marked read-only');
        } else if (into.mount.readOnly) throw new Refusal('invalid', 'mounted volume is marked read-only');
        const user = owner === undefined ? undefined : userOf(this.kernel, view.root, owner);
        const unpacker = new TarWriter(view.task, into, { noOverwriteDirNonDir, owner: user });
        return { archive: this.archives.add({ unpacker, close: () => view.close() }) };
      },
      true,
    );
  }

  changes({ root }: { root: string }): FileChange[] {
    return changesOf(this.kernel, this.filesystems.root(root));
  }

  usage(fs: FileSystem) {
    return usageOf(this.kernel, upperOf(fs));
  }
}
