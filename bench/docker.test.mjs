// What is required is told apart from what is measured; what a host has no Podman for stands nowhere.
import { expect, test } from 'vitest';
import { dockerTable } from './docker.mjs';

test('at most, at least, and ratios of two', () => {
  const { rows } = dockerTable({ client: [100, 110, 90], podman: [290], api: [100], cpu: [61], ready: [0.5] });
  expect(rows.slice(1).map((row) => row.slice(1))).toEqual([
    ['', '100', ''],
    ['', '290', ''],
    ['at least 3', '2.90', 'MISSED'],
    ['at most 100', '100', 'met'],
    ['at most 60', '61.0', 'MISSED'],
    ['at most 0.5', '0.50', 'met'],
  ]);
});

test('without Podman', () => {
  const { rows } = dockerTable({ client: [100], cpu: [61] });
  expect(rows).toHaveLength(3);
});
