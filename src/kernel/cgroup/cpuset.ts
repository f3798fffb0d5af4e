// The cpuset controller of a node with one processor and one node of memory: what can be asked for, and what is in effect.
// cgroup-v2.rst, "Cpuset"; Linux kernel/cgroup/cpuset.c.
import { EINVAL } from '../abi/errno.js';
import type { Cgroup } from './cgroup.js';
import type { ControlFile } from './control-file.js';
import type { Controller } from './controller.js';

/** What can be asked for is '0', or nothing: then the group has what the one above it has. */
export class CpusetState {
  cpus = '';
  mems = '';
}

/** A list of numbers and ranges, as it is shown; undefined: it is none, or names what is not there. */
function parseList(text: string): string | undefined {
  const parts = text.trim().split(',').filter(Boolean);
  if (parts.length === 0) return text.trim() === '' ? '' : undefined;
  // the only list there can be is 0, in whatever way it is said
  return parts.every((part) => /^0+(-0+(:\d{1,9}\/[1-9]\d{0,8})?)?$/.test(part)) ? '0' : undefined;
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
        if (parsed === undefined) return -EINVAL;
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
