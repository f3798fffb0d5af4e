// /proc/pressure: the pressure of the whole system, which is that of the first group. Linux Documentation/accounting/psi.rst.
import { S_IFREG } from '../../abi/stat.js';
import type { Cgroup } from '../../cgroup/cgroup.js';
import type { ControlFile } from '../../cgroup/control-file.js';
import { PRESSURE_FILES } from '../../cgroup/pressure-files.js';
import type { Task } from '../../task/task.js';
import type { OpenFile } from '../../vfs/open-file.js';
import type { Path } from '../../vfs/path.js';
import { type Control, OpenControlFile } from '../cgroupfs.js';
import { type Entry, type Place, ProcInode, table } from './inodes.js';
import type { SystemSubject } from './subject.js';

const MODE = S_IFREG | 0o666;

export class PressureInode extends ProcInode implements Control {
  readonly cgroup: Cgroup;

  constructor(
    { fs, ino, subject }: Place<SystemSubject>,
    readonly file: ControlFile,
  ) {
    super(fs, ino, MODE, subject.owner());
    this.cgroup = fs.kernel.cgroups.root;
  }

  override open(task: Task, flags: number, path: Path): OpenFile {
    return new OpenControlFile(task, this, flags, path);
  }
}

function entry(name: keyof typeof PRESSURE_FILES): Entry<SystemSubject> {
  return { name, mode: MODE, make: (place) => new PressureInode(place, PRESSURE_FILES[name]) };
}

export const PRESSURE = table('pressure', 0o555, [entry('cpu'), entry('io'), entry('memory')]);
