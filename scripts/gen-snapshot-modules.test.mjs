import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { file, modulesText } from './gen-snapshot-modules.mjs';

test('every class of the kernel can be written: else run node scripts/gen-snapshot-modules.mjs', () => {
  expect(readFileSync(file, 'utf8')).toBe(modulesText());
});
