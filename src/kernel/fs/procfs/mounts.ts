// /proc/PID/mounts, mountinfo, mountstats: the mounts that a process can reach from its root. man 5 proc; Linux fs/proc_namespace.c.
import { EINVAL } from '../../abi/errno.js';
import { majorOf, minorOf } from '../../abi/device-number.js';
import type { ChangeNotice } from '../../task/change-notice.js';
import type { Task } from '../../task/task.js';
import { type Mount, mountOptions } from '../../vfs/mount.js';
import type { MountNamespace } from '../../ns/mount-namespace.js';
import { propagationText } from '../../vfs/propagation.js';
import { Path } from '../../vfs/path.js';
import type { ProcessSubject } from './subject.js';
import { records, type TextRecord, type TextSource } from './text.js';

const octal = (character: string): string => `\\${character.charCodeAt(0).toString(8).padStart(3, '0')}`;
/** Spaces and the like as octal numbers, so that fields stay fields. In paths a # may begin nothing. */
const mangled = (text: string): string => text.replace(/[ \t\n\\#]/g, octal);
const mangledPath = (text: string): string => text.replace(/[ \t\n\\]/g, octal);

const options = (...parts: string[]): string => parts.filter(Boolean).join(',');

/** A line about a mount that lies at `point`, seen from the process's root. */
type Show = (mount: Mount, point: string, namespace: MountNamespace) => string;

const mountsLine: Show = (mount, point) => {
  const { fs } = mount;
  const all = options(mount.readOnly ? 'ro' : 'rw', mountOptions(mount.flags), mangled(fs.options()));
  return `${mangled(fs.source)} ${point} ${fs.type} ${all} 0 0\n`;
};

const mountinfoLine: Show = (mount, point, namespace) => {
  const { fs } = mount;
  const own = options(mount.flagReadOnly ? 'ro' : 'rw', mountOptions(mount.flags));
  const whole = options(fs.readOnly ? 'ro' : 'rw', mangled(fs.options()));
  return (
    `${mount.id} ${mount.parent?.id ?? mount.id} ${majorOf(fs.device)}:${minorOf(fs.device)} ` +
    `${mangledPath(mount.root.nameInFileSystem)} ${point} ${own} ${propagationText(mount, (other) => namespace.has(other))}- ` +
    `${fs.type} ${mangled(fs.source)} ${whole}\n`
  );
};

const mountstatsLine: Show = ({ fs }, point) =>
  `${fs.source === '' ? 'no device' : `device ${mangled(fs.source)}`} mounted on ${point} with fstype ${fs.type}\n`;

/** Mounts that one record shows. */
const RECORD_MAX = 256;

export class MountsSource implements TextSource<ProcessSubject> {
  constructor(private readonly show: Show) {}

  notice({ task }: ProcessSubject): ChangeNotice | undefined {
    return task?.namespaces.mount.notice;
  }

  /** The mounts from the one with the id `cursor` on. */
  record({ task }: ProcessSubject, _reader: Task, cursor: number): TextRecord | number | undefined {
    if (!task || task.state === 'dead') return -EINVAL;
    const next = [...task.namespaces.mount.mounts()].filter(({ id }) => id >= cursor).sort((a, b) => a.id - b.id);
    let text = '';
    let behind = cursor;
    for (const mount of next.slice(0, RECORD_MAX)) {
      const point = new Path(mount, mount.root).reachedFrom(task.fs.root);
      if (point !== undefined) text += this.show(mount, mangledPath(point), task.namespaces.mount);
      behind = mount.id + 1;
    }
    return next.length === 0 ? undefined : { text, next: behind };
  }
}

export const mounts = records<ProcessSubject>('mounts', 0o444, new MountsSource(mountsLine));
export const mountinfo = records<ProcessSubject>('mountinfo', 0o444, new MountsSource(mountinfoLine));
export const mountstats = records<ProcessSubject>('mountstats', 0o400, new MountsSource(mountstatsLine));
