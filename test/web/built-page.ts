// Builds the page, once for all files of these tests.
// vitest.dev/config, globalSetup.
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { provisioned, root } from '../provisioned.js';

export function setup(): void {
  // without a browser they are skipped
  if (!provisioned('chromium')) return;
  execFileSync(process.execPath, [join(root, 'node_modules/vite/bin/vite.js'), 'build', '--logLevel', 'error'], {
    cwd: root,
    env: { ...process.env, NODE_ENV: 'production' },
  });
}
