// The `tabvisor` command: Docker's words and our own, each loaded alone; its version, and how it ends.
import { readFileSync } from 'node:fs';
import { PACKAGE_ROOT } from '../hosts/node/package-root.js';
import { begin } from './docker/host.js';
import { dockerMain, isDockers } from './docker/main.js';

function version(): string {
  return JSON.parse(readFileSync(new URL('package.json', PACKAGE_ROOT), 'utf8')).version;
}

/** Milliseconds that a reader of our output may take for the rest of it. */
const PATIENCE = 2000;

/** Waits for output on its way. A reader that has stopped reading must not keep us alive. */
function drained(stream: NodeJS.WriteStream): Promise<void> {
  return new Promise((resolve) => {
    if (stream.writableLength === 0 || stream.destroyed) return resolve();
    setTimeout(resolve, PATIENCE);
    stream.write('', () => resolve());
  });
}

process.stderr.on('error', () => {});
const words = process.argv.slice(2);
/** Docker's commands have a host of their own; others need none of it. */
async function withHost<T>(act: () => Promise<T>): Promise<T> {
  const { nodeHost } = await import('./docker/node/node-host.js');
  begin(nodeHost(version()));
  return act();
}

if (words[0] === '__complete') {
  const { completed } = await import('./own-commands.js');
  process.stdout.write(await withHost(() => completed(words[1] ?? '', version())));
} else
  process.exitCode = isDockers(words)
    ? await withHost(() => dockerMain(words, version()))
    : await (await import('./own-commands.js')).ownMain(words, version());
await Promise.all([drained(process.stdout), drained(process.stderr)]);
process.exit();
