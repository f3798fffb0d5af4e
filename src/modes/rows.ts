// The rows of a comparison of the modes: which workload of our guest, how much of it, and what is counted.
// guest/README.md (workloads).
import type { Mode } from '../vmm/config.js';

/** The columns. `shadow` is mode hw without extended page tables. */
export type Column = Mode | 'shadow';
export const COLUMN_TITLES: Record<Column, string> = { full: 'full', hw: 'hw', para: 'para', shadow: 'hw without EPT' };

/** The modes that `shadow` is not one of, in the order of the columns. */
export const MAIN_COLUMNS: readonly Mode[] = ['full', 'hw', 'para'];

export interface Row {
  name: string;
  workload: string;
  /** So that it takes some tenths of a second. */
  scale: number;
  /** What is counted. */
  operation: string;
  /** Extended page tables matter to it. */
  shadow?: true;
  /** What the machine needs. */
  needs?: 'disk' | 'network';
  only?: readonly Mode[];
  /** Its scale in a race, which shows in some seconds what each mode is for; the others show that the modes are alike. */
  race?: number;
}

export const ROWS: readonly Row[] = [
  { name: 'integer', workload: 'integer', scale: 20, operation: 'round', race: 12 },
  { name: 'memory', workload: 'memory', scale: 12, operation: 'round', shadow: true, race: 8 },
  { name: 'system call', workload: 'syscall', scale: 8, operation: 'call' },
  { name: 'context switch', workload: 'context-switch', scale: 8, operation: 'CR3 load', shadow: true },
  { name: 'page fault', workload: 'page-fault', scale: 16, operation: 'fault', shadow: true },
  { name: 'port I/O', workload: 'port-io', scale: 5, operation: 'access', race: 3 },
  { name: 'clock', workload: 'clock-read', scale: 30, operation: 'read', race: 30 },
  ...[
    { name: 'disk, sequential', workload: 'disk-sequential', scale: 20, operation: '64 KiB request', race: 20 },
    { name: 'disk, random', workload: 'disk-random', scale: 30, operation: '4 KiB request', race: 30 },
  ].map((row) => ({ ...row, needs: 'disk' as const })),
  ...[
    { name: 'network, echo', workload: 'net-echo', scale: 30, operation: 'echo', race: 30 },
    { name: 'network, bulk', workload: 'net-bulk', scale: 20, operation: 'echo', race: 20 },
  ].map((row) => ({ ...row, needs: 'network' as const })),
  { name: 'hypercall', workload: 'hypercall', scale: 40, operation: 'call', only: ['para'] },
];

/** What a row is measured in. */
export const columnsOf = (row: Row): readonly Column[] =>
  row.only ?? [...MAIN_COLUMNS, ...(row.shadow ? (['shadow'] as const) : [])];

export const RACE: readonly (Row & { race: number })[] = ROWS.filter((row) => row.race !== undefined) as never;

/** The command line on which our guest runs the race and then stays at its monitor; `times` as much work. */
export const raceCommandLine = (times: number): string =>
  `run=${RACE.map(({ workload, race }) => `${workload}:${race * times}`).join(',')}`;
