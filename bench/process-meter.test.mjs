// What /proc says of a process.
import { expect, test } from 'vitest';
import { meter, parse } from './process-meter.mjs';

test('user and system time are added, those of children apart, whatever the command is called', () => {
  const stat = '42 (a) R (b) S 1 42 42 0 -1 4194304 100 0 0 0 250 50 70 7 20 0 11 0 1000';
  expect(parse(stat, 'Name:\tx\nVmHWM:\t   2048 kB\nVmRSS:\t 1 kB\n', 100)).toEqual({
    cpu: 3,
    children: 0.77,
    resident: 1024,
    peak: 2097152,
  });
  expect(parse(stat, '', 100).peak).toBe(0);
});

test.runIf(process.platform === 'linux')('this process has used memory; one that is gone, nothing', () => {
  expect(meter(process.pid).peak).toBeGreaterThan(1 << 20);
  expect(meter(0x7ffffffe)).toEqual({ cpu: 0, children: 0, resident: 0, peak: 0 });
});
