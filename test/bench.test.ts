// Benchmarks that no other test starts: each once with hardly any work, so that they are there when somebody wants their figures.
import { expect, test } from 'vitest';
import { CONTAINER_ROWS, measureContainers } from '../bench/containers.mjs';
import { needs } from './provisioned.js';

test('containers of a node are measured, in each row but that of machines', async (context) => {
  needs(context, 'busybox');
  const only = CONTAINER_ROWS.filter((row: string) => row !== 'machines');
  const { tables } = await measureContainers({ only, repeat: 1, percent: 1, timeout: 300 }, () => {});
  const [, ...rows] = tables[0].rows;
  expect(rows).toHaveLength(only.length);
  for (const [, , measured] of rows) {
    const value = Number.parseFloat(measured);
    // one container more is less than what a collection of garbage takes away
    if (measured.endsWith(' MB')) expect(value).not.toBeNaN();
    else expect(value).toBeGreaterThan(0);
  }
});
