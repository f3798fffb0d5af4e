// memtest86+, which makes the processor's and the board's acquaintance by itself, and finds nothing wrong with the memory.
// Source: Debian's memtest86+, started by the Linux boot protocol.

import { expect, test } from 'vitest';
import { needs } from '../provisioned.js';
import { VmScreen } from '../vm-screen.js';

test.for(['hw', 'full'] as const)('mode %s: tests run, and find no error', async (mode, context) => {
  const { memtest } = needs(context, 'memtest');
  const screen = await VmScreen.start({ kernel: memtest, memory: '16M', mode });
  // Some seconds of its own clock, in a test that is not the first.
  const [, errors] = await screen.expect(/Test #[1-9][\s\S]*Time: +0:00:(?:0[2-9]|[1-5]\d)[\s\S]*Errors: (\d+)/);
  expect(errors).toBe('0');
  expect(screen.text).toContain('Memtest86+ v6.');
});
