// The kernel's log is bounded, and who reads slowly hears that records are gone.
import { expect, test } from 'vitest';
import { KernelLog } from './kmsg.js';

test('keeps the newest records', () => {
  const log = new KernelLog();
  for (let i = 0; i < 5000; i++) log.add(6, i, `line ${i}`);
  expect(log.end).toBe(5000);
  expect(log.end - log.first).toBe(1024);
  expect(log.at(log.first)).toEqual({ sequence: 3976, priority: 6, time: 3976, text: 'line 3976' });
  expect(log.at(log.end)).toBeUndefined();
  expect(log.at(0)).toBeUndefined();
});
