// What /sys/kernel/cgroup tells: options of a mount, and files that belong to whom a group is delegated. cgroup-v2.rst, "Delegation".
import { CONTROLLERS } from './controllers.js';
import { CORE_FILES } from './core-files.js';

/** Of a mount of cgroup2. */
export const CGROUP_OPTIONS = {
  nsdelegate: 'flag',
  favordynmods: 'flag',
  memory_localevents: 'flag',
  memory_recursiveprot: 'flag',
} as const;

export const DELEGATED: readonly string[] = [CORE_FILES, ...Object.values(CONTROLLERS).map(({ files }) => files)]
  .flat()
  .filter(({ delegated }) => delegated)
  .map(({ name }) => name);
