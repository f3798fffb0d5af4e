// cpu.pressure, io.pressure, memory.pressure and cgroup.pressure. cgroup-v2.rst; Linux kernel/cgroup/cgroup.c, cgroup_psi_files.
import { EINVAL, ERANGE } from '../abi/errno.js';
import { PRESSURE_CPU, PRESSURE_IO, PRESSURE_MEMORY } from '../task/stall.js';
import { type ControlFile, parseInteger } from './control-file.js';
import { parseTrigger, PressureTrigger } from './pressure-trigger.js';

function pressureFile(name: string, resource: number): ControlFile {
  return {
    name: `${name}.pressure`,
    mode: 0o644,
    hidden: ({ pressure }) => !pressure.enabled,
    read: ({ pressure }, { kernel }) => pressure.text(resource, kernel.clock.monotonic()),
    watch({ pressure }, text, { kernel }) {
      const wanted = parseTrigger(text);
      return typeof wanted === 'number' ? wanted : new PressureTrigger(kernel, pressure, resource, wanted);
    },
  };
}

/** By what /proc/pressure calls them. */
export const PRESSURE_FILES = {
  io: pressureFile('io', PRESSURE_IO),
  memory: pressureFile('memory', PRESSURE_MEMORY),
  cpu: pressureFile('cpu', PRESSURE_CPU),
} as const;

export const CGROUP_PRESSURE: ControlFile = {
  name: 'cgroup.pressure',
  mode: 0o644,
  read: ({ pressure }) => `${Number(pressure.enabled)}\n`,
  write({ pressure }, text, { task }) {
    const value = parseInteger(text);
    if (value === undefined) return -EINVAL;
    if (value !== 0 && value !== 1) return -ERANGE;
    if (pressure.enabled !== (value === 1)) pressure.enable(value === 1, task.kernel.clock.monotonic());
    return 0;
  },
};
