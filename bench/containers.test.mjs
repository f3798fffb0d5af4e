// What is required is told apart from what is measured, and a machine's numbers stand beside a container's in one unit.
import { expect, test } from 'vitest';
import { comparison, requiredTable } from './containers.mjs';

test('a row is met up to what is required', () => {
  const { rows } = requiredTable({ start: [4, 5, 9], idle: [151] });
  expect(rows.slice(1).map((row) => row.at(-1))).toEqual(['met', 'MISSED']);
});

test('a machine and a container, each for one operation', () => {
  const engines = ['tabvisor-full', 'tabvisor', 'tabvisor-para'];
  const each = (cpu) => Object.fromEntries(engines.map((name) => [name, { cpu: { median: cpu } }]));
  const disk = [{ 'disk-read': { cpu: 0.256 } }];
  const machines = {
    times: { boot: each(8), syscall: each(0.6), fork: each(4) },
    peaks: Object.fromEntries(engines.map((name) => [name, 300 << 20])),
    disks: { results: { 'full-dma': disk, 'hw-dma': disk, para: disk } },
    network: {
      bytes: 8 << 20,
      modes: Object.fromEntries(['full', 'hw', 'para'].map((mode) => [mode, { cpu: { median: 0.8 } }])),
    },
  };
  const container = { start: 0.004, idle: 1 << 20, syscall: 0.3, fork: 0.4, disk: 0.064, network: 0.08 };
  const { rows } = comparison(machines, container, 100);
  expect(rows.map((row) => [row[1], row[4]])).toEqual([
    ['full', 'container'],
    ['8,000', '4.00'],
    ['300', '1.00'],
    ['1.00', '0.50'],
    ['10.0', '1.00'],
    ['1.00', '1.00'],
    ['100', '10.0'],
  ]);
  for (const row of rows.slice(1)) expect(row.at(-1).length).toBeGreaterThan(40);
});
