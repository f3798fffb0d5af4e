#!/usr/bin/env node
// The command: starts the built CLI, or says how to build it.
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const main = new URL('../dist/hosts/node/main.js', import.meta.url);
const core = new URL('../build/core.wasm', import.meta.url);
const missing = [main, core].filter((file) => !existsSync(file));
if (missing.length > 0) {
  const root = fileURLToPath(new URL('..', import.meta.url));
  process.stderr.write(
    `tabvisor: not built yet: ${missing.map((file) => fileURLToPath(file)).join(' and ')} missing\n` +
      `tabvisor: build it with: (cd ${root} && npm ci && npm run build)\n`,
  );
  process.exitCode = 125;
} else {
  await import(main.href);
}
