// Programs of ours in C, each a list of man pages' rules: what they print on the host's Linux and here must be the same.
import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { missing, root } from '../provisioned.js';
import { scratch } from '../scratch.js';
import { TestNode } from './node-fixture.js';

const SOURCES = join(root, 'test/kernel/programs');
const programs = readdirSync(SOURCES)
  .filter((name) => name.endsWith('.c'))
  .map((name) => name.slice(0, -2));
/** Programs that end with what they began with. */
const CLEAN = [
  'cgroup',
  'clock',
  'mmap',
  'mount-api',
  'orphan',
  'process',
  'thread',
  'time-namespace',
  'unix',
  'user-namespace',
  'pipe',
  'propagation',
  'lock',
  'inotify',
  'sysv',
  'mqueue',
  'namespace',
  'namespace-limits',
  'splice',
  'sched',
  'pi',
  'memfd',
  'reopen',
  'credential',
  'limits',
  'race',
  'ptrace',
  'forward',
  'link',
  'rseq',
  'seccomp',
  'traffic',
  'priority',
  'counters',
  'packet',
  'linger',
];
/** Programs that use up time: nanoseconds that an instruction takes for them. */
const SPINNING: Record<string, number> = { limits: 100, usage: 10 };
/** How a program says that its host has not what it is about. */
const NOT_HERE = 77;
let folder: string;
let compiler: boolean;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'tabvisor-programs-'));
  compiler =
    spawnSync('gcc', ['-m32', '-static', '-x', 'c', '-', '-o', join(folder, 'probe')], {
      input: 'int main(void) { return 0; }',
    }).status === 0;
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test.for(programs)('%s', (name, context) => {
  if (!compiler) missing(context, 'gcc -m32 -static does not work here: run scripts/provision');
  const binary = join(folder, name);
  execFileSync('gcc', ['-m32', '-O1', '-w', '-static', '-pthread', '-o', binary, join(SOURCES, `${name}.c`)]);
  const place = scratch();
  // as /work is here: anybody may go in
  chmodSync(place, 0o755);
  const native = spawnSync(binary, [], { cwd: place, encoding: 'utf8', timeout: 60_000 });
  if (native.status === NOT_HERE) missing(context, `${name}: this host does not let us: run as root`);
  expect(native.status).toBe(0);
  const node = new TestNode();
  node.nanosecondsPerInstruction = SPINNING[name] ?? 0;
  node.file(`/work/${name}`, readFileSync(binary));
  const here = node.run([`/work/${name}`], '', '/work');
  expect(here.output).toBe(native.stdout);
  expect(here.status).toBe(0);
  if (!CLEAN.includes(name)) return;
  // what the first run leaves is files and the program's pages; the second one leaves no more
  const { free } = node.kernel.frames;
  node.run([`/work/${name}`], '', '/work');
  expect(node.kernel.frames.free, 'frames that nobody uses').toBe(free);
  expect(node.kernel.tasks.size).toBe(0);
  expect(node.kernel.cgroups.root.identities, 'identities that are charged').toBe(0);
});
