// /proc/PID/mounts, mountinfo, mountstats: the mounts that a process can reach from its root. man 5 proc; Linux fs/proc_namespace.c.
import { EINVAL } from '../../abi/errno.js';
import { majorOf, minorOf } from '../../abi/device-number.js';
import type { Task } from '../../task/task.js';
import { type Mount, mountOptions } from '../../vfs/mount.js';
import { Path } from '../../vfs/path.js';
import type { ProcessSubject } from './subject.js';
import { records, type TextRecord } from './text.js';

/** Spaces and the like as octal numbers, so that fields stay fields. */
export const mangled = (text: string): string =>
  text.replace(/[ \t\n\\#]/g, (character) => `\\${character.charCodeAt(0).toString(8).padStart(3, '0')}`);

const place = (mount: Mount): Path => new Path(mount, mount.root);
const options = (...parts: string[]): string => parts.filter(Boolean).join(',');

function mountsLine(mount: Mount, root: Path): string {
  const { fs } = mount;
  const all = options(mount.readOnly ? 'ro' : 'rw', mountOptions(mount.flags), mangled(fs.options()));
  return `${mangled(fs.source)} ${mangled(place(mount).shownFrom(root))} ${fs.type} ${all} 0 0\n`;
}

function mountinfoLine(mount: Mount, root: Path): string {
  const { fs } = mount;
  const own = options(mount.flagReadOnly ? 'ro' : 'rw', mountOptions(mount.flags));
  const whole = options(fs.readOnly ? 'ro' : 'rw', mangled(fs.options()));
  return (
    `${mount.id} ${mount.parent?.id ?? mount.id} ${majorOf(fs.device)}:${minorOf(fs.device)} ${mangled(mount.root.nameInFileSystem)} ` +
    `${mangled(place(mount).shownFrom(root))} ${own} - ${fs.type} ${mangled(fs.source)} ${whole}\n`
  );
}

function mountstatsLine(mount: Mount, root: Path): string {
  const { fs } = mount;
  const source = fs.source === '' ? 'no device' : `device ${mangled(fs.source)}`;
  return `${source} mounted on ${mangled(place(mount).shownFrom(root))} with fstype ${fs.type}\n`;
}

/** Mounts that one record shows. */
const RECORD_MAX = 256;

/** The mounts from the one with the id `cursor` on. */
function record(
  { task }: ProcessSubject,
  cursor: number,
  show: (mount: Mount, root: Path) => string,
): TextRecord | number | undefined {
  if (!task || task.state === 'dead') return -EINVAL;
  const { root } = task.fs;
  const next = [...task.namespaces.mount.mounts()]
    .filter((mount) => mount.id >= cursor && place(mount).reachableFrom(root))
    .sort((a, b) => a.id - b.id)
    .slice(0, RECORD_MAX);
  if (next.length === 0) return undefined;
  return { text: next.map((mount) => show(mount, root)).join(''), next: next.at(-1)!.id + 1 };
}

type Show = (mount: Mount, root: Path) => string;
const source = (show: Show) => ({
  record: (subject: ProcessSubject, _reader: Task, cursor: number) => record(subject, cursor, show),
});

export const mounts = records<ProcessSubject>('mounts', 0o444, source(mountsLine));
export const mountinfo = records<ProcessSubject>('mountinfo', 0o444, source(mountinfoLine));
export const mountstats = records<ProcessSubject>('mountstats', 0o400, source(mountstatsLine));
