// A folder for one test's files, gone when the test ends.
// Ours.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';

export function scratch(): string {
  const folder = mkdtempSync(join(tmpdir(), 'tabvisor-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}
