// A file of /proc/sys: who may read and write it. Linux fs/proc/proc_sysctl.c test_perm.
import { EACCES } from '../../abi/errno.js';
import type { UserNamespace } from '../../ns/user-namespace.js';
import type { Task } from '../../task/task.js';
import type { SystemSubject } from './subject.js';
import { TextInode } from './text.js';

/** Root has no rights here but those of the file's mode. */
export class SettingInode<S extends SystemSubject = SystemSubject> extends TextInode<S> {
  override allows(task: Task, wanted: number): number {
    const { fsuid, fsgid } = task.credentials;
    const { uids, gids } = this.ownerFor(task);
    const rights =
      fsuid === uids.inKernel(0) ? this.mode >> 6 : fsgid === gids.inKernel(0) ? this.mode >> 3 : this.mode;
    return (wanted & ~rights & 7) === 0 ? 0 : -EACCES;
  }

  /** Whose root owns it. */
  protected ownerFor({ kernel }: Task): UserNamespace {
    return kernel.userNamespace;
  }
}

/** A setting of the IPC namespace of whoever comes. Linux ipc/ipc_sysctl.c ipc_permissions. */
export class IpcSettingInode extends SettingInode {
  protected override ownerFor({ namespaces }: Task): UserNamespace {
    return namespaces.ipc.owner;
  }
}
