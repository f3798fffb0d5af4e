// Hostile programs: whatever a program asks for, it gets an errno, a signal or its end, and the rest goes on as if nothing had been.
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Tmpfs } from '../../src/kernel/fs/tmpfs.js';
import { I386 } from '../../src/kernel/abi/i386/i386.js';
import type { Kernel } from '../../src/kernel/kernel.js';
import { mountAt } from '../../src/kernel/node.js';
import { SYSCALLS } from '../../src/kernel/syscalls/table.js';
import { missing, root } from '../provisioned.js';
import { TestNode } from './node-fixture.js';

const SOURCES = join(root, 'test/kernel/hostile');
/** More by hand: FUZZ_CALLS=1000000 FUZZ_SEED=1. */
const CALLS = Number(process.env.FUZZ_CALLS ?? 20_000);
const SEED = Number(process.env.FUZZ_SEED ?? 1);
const CALLS_OF_A_RUN = 10_000;
let folder: string;
let compiler: boolean;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'tabvisor-hostile-'));
  compiler =
    spawnSync('gcc', ['-m32', '-static', '-x', 'c', '-', '-o', join(folder, 'probe')], {
      input: 'int main(void) { return 0; }',
    }).status === 0;
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function built(name: string): Uint8Array {
  const binary = join(folder, name);
  execFileSync('gcc', ['-m32', '-O1', '-w', '-static', '-pthread', '-o', binary, join(SOURCES, `${name}.c`)]);
  return readFileSync(binary);
}

const callList = SYSCALLS.filter((row) => row.i386 !== undefined)
  .map((row) => [row.i386, ...row.types].join(' '))
  .join('\n');

test('random calls', (context) => {
  if (!compiler) missing(context, 'gcc -m32 -static does not work here: run scripts/provision');
  const fuzz = built('fuzz');
  let made = 0;
  for (let seed = SEED; made < CALLS; seed++) {
    const node = new TestNode();
    node.file('/fuzz', fuzz);
    node.file('/calls', Buffer.from(callList));
    node.directory('/work');
    const { kernel } = node;
    let least = 0;
    for (let round = 0; round < 3 && made < CALLS; round++) {
      const before = callsOf(kernel);
      const work = new Tmpfs(kernel.newDevice(), kernel.frames, { size: 16 << 20 }, kernel.clock);
      const mount = mountAt(kernel, node.mounts.namespace, '/work', work)!;
      node.run(['/fuzz', `${seed}`, `${CALLS_OF_A_RUN}`], '', '/work', 20e9);
      mount.detach();
      made += callsOf(kernel) - before;
      const { free } = kernel.frames;
      if (process.env.FUZZ_CALLS) console.log({ seed, round, calls: callsOf(kernel) - before, free });
      expect(kernel.tasks.size).toBe(0);
      expect(kernel.statistics.openFiles, 'open files').toBe(0);
      // what the first round has left, the next ones may leave a little of again: a name in /dev, a page of /calls
      expect(free, 'free frames').toBeGreaterThan(least - 64);
      least = Math.max(least, free);
    }
  }
});

function callsOf(kernel: Kernel): number {
  let calls = 0;
  for (const count of kernel.tableOf(I386).counts.values()) calls += count.calls;
  return calls;
}
