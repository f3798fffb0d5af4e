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
import type { Mount } from '../../src/kernel/vfs/mount.js';
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
      try {
        node.run(['/fuzz', `${seed}`, `${CALLS_OF_A_RUN}`], '', '/work', 20e9);
      } catch (error) {
        // root may have taken away its own program, or the right to start it (chmod, a remount with noexec): ENOENT, EACCES
        if (round > 0 && /^Error: \/fuzz: errno (2|13)$/.test(`${error}`)) break;
        throw error;
      }
      unmount(mount);
      // what System V's calls make lasts until somebody removes it
      kernel.ipcNamespace.free();
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

/** Of the container beside and of what sets them up. */
const OTHERS_CALLS = 2000;
/** By hand: FUZZ_CONTAINED=1000000. */
const CONTAINED_CALLS = Number(process.env.FUZZ_CONTAINED ?? 4000);

test('random calls in one container leave no trace in another', (context) => {
  if (!compiler) missing(context, 'gcc -m32 -static does not work here: run scripts/provision');
  const contained = built('contained');
  const fuzz = built('fuzz');
  let made = 0;
  for (let seed = SEED; made < CONTAINED_CALLS; seed++) {
    const node = new TestNode();
    node.file('/contained', contained);
    node.file('/fuzz', fuzz);
    node.file('/calls', Buffer.from(callList));
    const calls = Math.min(CALLS_OF_A_RUN, CONTAINED_CALLS);
    const { output, errors, status } = node.run(['/contained', `${seed}`, `${calls}`], '', '/', 60e9);
    // what the others do is some of it
    const own = callsOf(node.kernel) - OTHERS_CALLS;
    made += own;
    if (process.env.FUZZ_CONTAINED) console.log({ seed, calls: own });
    expect([output, errors, status], `seed ${seed}`).toEqual(['no trace\n', '', 0]);
    // it may come to its end early: a call that shuts the system down ends its container
    expect(own, 'calls').toBeGreaterThan(100);
    expect(node.kernel.tasks.size).toBe(0);
    expect(node.kernel.statistics.openFiles, 'open files').toBe(0);
    expect(
      [...node.mounts.namespace.mounts()].filter(({ fs }) => fs.type === 'tmpfs'),
      'mounts',
    ).toHaveLength(3);
  }
});

/** As umount2 with MNT_DETACH does it: with all that a program has mounted on it. */
function unmount(mount: Mount): void {
  for (const each of [...mount.tree()].reverse()) {
    each.detach();
    each.table.leave(each);
  }
}

/** Calls that may succeed though a pointer is wild, as they need not follow it. */
const NOT_FOLLOWED = new Map<string, RegExp>([
  ['what /dev/null takes and an end of file gives, and buffers of no length', /^p?(read|write)(v|v2|64)?$/],
  ['lists that are empty', /^(l|f)?listxattr$|^[gs]etgroups32$|^set(host|domain)name$|^getrandom$/],
  [
    'ranges of memory that has nothing there',
    /^(brk|mmap2|munmap|mprotect|madvise|msync|mlock2?|munlock|mincore|mremap)$/,
  ],
  ['addresses that are kept for later', /^(clone|set_tid_address|set_robust_list|signal)$/],
  ['what is left of a sleep that was not broken off', /nanosleep/],
  ['sets of no file, and time-outs', /^(p?poll|p?select6?|_newselect|epoll)|^futex/],
  ['names and times of messages that nobody asks for', /^(recvfrom|(send|recv)m?msg|getsockname|getpeername)/],
  ['the name of a mount that nothing is to change of', /^mount_setattr$/],
  ['the third argument of getcpu, and the addresses of most requests', /^(getcpu|ptrace)$/],
]);

test('wild pointers in every argument of every call', (context) => {
  if (!compiler) missing(context, 'gcc -m32 -static does not work here: run scripts/provision');
  const node = new TestNode();
  node.file('/wild', built('wild'));
  node.file('/calls', Buffer.from(callList));
  node.directory('/work');
  const { output } = node.run(['/wild'], '', '/work');
  let faults = 0;
  const followed: string[] = [];
  for (const line of output.split('\n').filter(Boolean)) {
    const [number, argument, fault, success] = line.split(' ').map(Number);
    const { name } = SYSCALLS.find((row) => row.i386 === number)!;
    const may = [...NOT_FOLLOWED.values()].some((names) => names.test(name));
    if (!may && success) followed.push(`${name}, argument ${argument}`);
    faults += fault!;
  }
  expect(followed, 'succeed with a wild pointer').toEqual([]);
  // the others said before that something else is wrong
  expect(faults).toBeGreaterThan(230);
  expect(node.kernel.tasks.size).toBe(0);
});

test('floods of tasks, depth, arguments, files and memory', (context) => {
  if (!compiler) missing(context, 'gcc -m32 -static does not work here: run scripts/provision');
  const node = new TestNode();
  node.file('/flood', built('flood'));
  const { kernel } = node;
  node.directory('/work');
  const work = new Tmpfs(kernel.newDevice(), kernel.frames, { size: 16 << 20 }, kernel.clock);
  const mount = mountAt(kernel, node.mounts.namespace, '/work', work)!;
  const { output, status } = node.run(['/flood'], '', '/work');
  unmount(mount);
  expect(output).toBe(FLOODS);
  expect(status).toBe(0);
  expect(kernel.tasks.size).toBe(0);
  expect(kernel.statistics.openFiles).toBe(0);
  expect(kernel.statistics.descriptorSlots).toBe(0);
  // all that was taken is there again for who comes next
  const { free } = kernel.frames;
  expect(node.run(['/flood', '3'], '', '/tmp').status).toBe(0);
  expect(kernel.frames.free).toBeGreaterThan(free - 64);
});

const FLOODS = `fork: EAGAIN or ENOMEM
processes: exited 0
pthread_create: EAGAIN or ENOMEM
threads: exited 0
depth 3000, getcwd: ERANGE
a long name: ENAMETOOLONG
many components: 0
40 links: 0
41 links: ELOOP
a link to itself: ELOOP
depth: exited 0
a string above 128 KiB: E2BIG
many arguments: E2BIG
a big environment: E2BIG
ten megabytes: E2BIG
arguments: exited 0
2 GiB: 0
its last byte: 1
size 2147483648, blocks 8
a hole: 1, 0
SEEK_DATA: 2147479552
mapped: x
8 EiB: EFBIG
a filesystem that is full: ENOSPC
sparse files: exited 0
memory: killed 9
memory of files: killed 9
pipes: EMFILE
memory of pipes: exited 0
open files: ENFILE
descriptors of a child: ENOMEM
open files: exited 0
a stack without end: killed 11
`;

function callsOf(kernel: Kernel): number {
  let calls = 0;
  for (const count of kernel.tableOf(I386).counts.values()) calls += count.calls;
  return calls;
}
