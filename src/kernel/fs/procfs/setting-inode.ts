// A file of /proc/sys: who may read and write it. Linux fs/proc/proc_sysctl.c test_perm.
import { EACCES } from '../../abi/errno.js';
import type { Task } from '../../task/task.js';
import type { SystemSubject } from './subject.js';
import { TextInode } from './text.js';

/** Root has no rights here but those of the file's mode. */
export class SettingInode<S extends SystemSubject = SystemSubject> extends TextInode<S> {
  override allows(task: Task, wanted: number): number {
    const { fsuid, fsgid } = task.credentials;
    const rights = fsuid === 0 ? this.mode >> 6 : fsgid === 0 ? this.mode >> 3 : this.mode;
    return (wanted & ~rights & 7) === 0 ? 0 : -EACCES;
  }
}
