// The cpuset controller of a node with one processor and one node of memory: what can be asked for, and what is in effect.
// cgroup-v2.rst, "Cpuset"; Linux kernel/cgroup/cpuset.c.
// DEVIATION: one processor is nothing to part: there is no cpuset.cpus.partition.
import { EINVAL, ERANGE } from '../abi/errno.js';
import type { Cgroup } from './cgroup.js';
import type { ControlFile } from './control-file.js';
import type { Controller } from './controller.js';

/** What can be asked for is '0', or nothing: then the group has what the one above it has. */
export class CpusetState {
  cpus = '';
  mems = '';
}

/** Numbers and ranges, with a step behind a slash: '0-3:1/2,7'. */
const PART = /^(\d{1,9})(-(\d{1,9})(:\d{1,9}\/[1-9]\d{0,8})?)?$/;

/** A list, as it is shown; a negated errno: it is none, or names what is not there. */
function parseList(text: string): string | number {
  const parts = text.trim().split(',').filter(Boolean);
  if (parts.length === 0) return text.trim() === '' ? '' : -EINVAL;
  for (const part of parts) {
    const match = PART.exec(part);
    const [first, last] = [Number(match?.[1]), Number(match?.[3] ?? match?.[1])];
    if (!match || last < first) return -EINVAL;
    if (last > 0) return -ERANGE;
  }
  return '0';
}

function list(name: 'cpus' | 'mems'): readonly ControlFile[] {
  return [
    {
      name: `cpuset.${name}`,
      mode: 0o644,
      below: true,
      read: ({ states }: Cgroup) => `${states.cpuset![name]}\n`,
      write({ states }: Cgroup, text: string) {
        const parsed = parseList(text);
        if (typeof parsed === 'number') return parsed;
        states.cpuset![name] = parsed;
        return 0;
      },
    },
    { name: `cpuset.${name}.effective`, mode: 0o444, read: () => '0\n' },
  ];
}

export const CPUSET: Controller<'cpuset'> = {
  name: 'cpuset',
  threaded: true,
  make: () => new CpusetState(),
  files: [...list('cpus'), ...list('mems')],
};
