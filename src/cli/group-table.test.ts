import { expect, test } from 'vitest';
import { groupTable, onScreen } from './group-table.js';
import type { KernelState } from './kernel-control.js';

const MIB = 1 << 20;

function state(time: number, cpuTime: number): KernelState {
  const pressure = { cpu: 0.25, memory: 0, io: 1 };
  const group = { path: '/a\u001b[2J', level: 1, frozen: true, processes: 2, cpuTime, pressure };
  return {
    time,
    memory: { bytes: 64 * MIB, free: 48 * MIB },
    programs: [{ pid: 7, group: group.path }],
    groups: [
      { path: '/', level: 0, frozen: false, processes: 1, cpuTime: 2 * cpuTime, pressure },
      {
        ...group,
        cpu: { weight: 100, cpus: 0.5, throttledTime: cpuTime },
        memory: { current: 8 * MIB, max: null, high: 16 * MIB, oomKills: 3 },
        pids: { current: 4, max: null },
        io: { readBytes: 4 * MIB * (cpuTime / 1e9), writtenBytes: 0, throttledTime: cpuTime / 2, limited: true },
      },
    ],
  };
}

test('use against limits; shares are those since the look before, names steer no terminal', () => {
  const rows = groupTable(state(3e9, 1.5e9), state(1e9, 0.5e9))
    .split('\n')
    .map((row) => row.trim().split(/ {2,}/));
  expect(rows[1]).toEqual(['/', '1', '100%', '16 MiB', '64 MiB', '25%/0%/100%']);
  expect(rows[2]).toEqual([
    'a?[2J (frozen)',
    '7',
    '2',
    '50%',
    '50%',
    '50%',
    '8 MiB',
    '16 MiB',
    '3',
    '4',
    '-',
    '2 MiB',
    '0 B',
    '25%',
    '25%/0%/100%',
  ]);
});

test('on a terminal lines are cut to its width, and those that are below its last one are counted', () => {
  const table = ['GROUP  CPU', '/      50%', 'a      25%', 'b      10%', 'c       5%'].join('\n');
  expect(onScreen(table, 80, 24)).toBe(`\x1b[H${table.split('\n').join('\x1b[K\n')}\x1b[K\n\x1b[J`);
  expect(onScreen(table, 5, 4).split('\x1b[K\n')).toEqual(['\x1b[HGROUP', '/    ', '3 mor', '\x1b[J']);
});
