// The rows of the comparison of the modes: which workload of our guest, how much of it, on which machine.
// guest/README.md (workloads).

/** The modes in the order of the columns. `shadow` is mode hw without extended page tables, an extra column. */
export const MODES = {
  full: { title: 'full', arguments: ['--mode', 'full'] },
  hw: { title: 'hw', arguments: ['--mode', 'hw'] },
  para: { title: 'para', arguments: ['--mode', 'para'] },
  shadow: { title: 'hw without EPT', arguments: ['--mode', 'hw', '--no-ept'] },
};

/** The modes that `--no-ept` is not one of. */
export const MAIN_MODES = ['full', 'hw', 'para'];

/**
 * `scale`: so that it takes some tenths of a second. `shadow`: a row where extended page tables matter.
 * `disk`, `network`: what the machine needs beside. `operation`: what is counted.
 */
export const ROWS = [
  { name: 'integer', workload: 'integer', scale: 20, operation: 'round' },
  { name: 'memory', workload: 'memory', scale: 12, operation: 'round', shadow: true },
  { name: 'system call', workload: 'syscall', scale: 8, operation: 'call' },
  { name: 'context switch', workload: 'context-switch', scale: 8, operation: 'CR3 load', shadow: true },
  { name: 'page fault', workload: 'page-fault', scale: 16, operation: 'fault', shadow: true },
  { name: 'port I/O', workload: 'port-io', scale: 5, operation: 'access' },
  { name: 'clock', workload: 'clock-read', scale: 30, operation: 'read' },
  { name: 'disk, sequential', workload: 'disk-sequential', scale: 20, operation: '64 KiB request', disk: true },
  { name: 'disk, random', workload: 'disk-random', scale: 30, operation: '4 KiB request', disk: true },
  { name: 'network, echo', workload: 'net-echo', scale: 30, operation: 'echo', network: true },
  { name: 'network, bulk', workload: 'net-bulk', scale: 20, operation: 'echo', network: true },
  { name: 'hypercall', workload: 'hypercall', scale: 40, operation: 'call', only: ['para'] },
];

/** The modes that a row is measured in. */
export const modesOf = (row) => row.only ?? [...MAIN_MODES, ...(row.shadow ? ['shadow'] : [])];
