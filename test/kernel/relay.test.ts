// Programs that are moved from kernel to kernel while they run: what they print is what they print natively.
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { deserialize, serialize } from 'node:v8';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { HostInput, HostOutput, HostStream } from '../../src/kernel/fs/host-stream.js';
import type { Kernel } from '../../src/kernel/kernel.js';
import { initialNamespaces, type Node } from '../../src/kernel/node.js';
import { PidNamespace } from '../../src/kernel/ns/pid-namespace.js';
import { readNode, writeNode } from '../../src/kernel/snapshot/snapshot.js';
import type { Process } from '../../src/kernel/task/process.js';
import { missing, root } from '../provisioned.js';
import { scratch } from '../scratch.js';
import { CORE, MEMORY, TestNode } from './node-fixture.js';

/** Those that are long in what they wait for. */
const PROGRAMS = ['thread', 'signal', 'unix', 'tty', 'sysv', 'pi', 'traffic'];
const SOURCES = join(root, 'test/kernel/programs');
/** Turns of the node before it moves, ever more. */
const MOVES = [2, 6, 18, 54];
const TURN = 2e4;
const DATE = 1_700_000_000_000;

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'tabvisor-relay-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A node, and the process and the output in it that the test is about. */
interface Leg {
  node: Node;
  process: Process;
  output: HostStream;
  skip(nanoseconds: number): void;
}

function start(name: string, binary: Uint8Array): Leg {
  const node = new TestNode();
  const { kernel } = node;
  node.file(`/work/${name}`, binary);
  const [stdin, output, errors] = [new HostStream(), new HostStream(1 << 24), new HostStream(1 << 24)];
  stdin.end();
  const namespaces = {
    ...initialNamespaces(kernel, node.mounts.namespace),
    pidForChildren: new PidNamespace(kernel.pidNamespace, kernel.userNamespace),
  };
  const process = kernel.startProcess(`/work/${name}`, {
    args: [`/work/${name}`],
    env: ['PATH=/bin', 'HOME=/'],
    cwd: '/work',
    init: false,
    namespaces,
    files: (task) => [new HostInput(task, stdin), new HostOutput(task, output), new HostOutput(task, errors)],
  });
  if (typeof process === 'number') throw new Error(`errno ${-process}`);
  // the host's side has these two of the kernel's objects
  Object.assign(kernel.setup, { watched: { process, output } });
  return { node, process, output, skip: (nanoseconds) => node.skip(nanoseconds) };
}

function move({ node }: Leg): Leg {
  const snapshot = deserialize(serialize(writeNode(node)));
  let time = 7e9;
  const next = readNode(snapshot, {
    core: CORE,
    memory: MEMORY,
    translate: 'at once',
    clock: {
      now: () => {
        time += 1000;
        return time;
      },
      date: () => DATE + Math.floor(snapshot.time / 1e6),
    },
    random: (into) => into.fill(7),
  });
  const { watched } = next.kernel.setup as unknown as { watched: { process: Process; output: HostStream } };
  return {
    node: next,
    ...watched,
    skip: (nanoseconds) => {
      time += Math.max(0, nanoseconds);
    },
  };
}

function text(stream: HostStream): string {
  let all = '';
  while (stream.length > 0) all += Buffer.from(stream.shift(1 << 20)).toString();
  return all;
}

test.for(PROGRAMS)('%s', (name, context) => {
  const binary = join(folder, name);
  const flags = ['-m32', '-O1', '-w', '-static', '-pthread', '-o', binary, join(SOURCES, `${name}.c`)];
  if (spawnSync('gcc', flags).status !== 0) missing(context, 'gcc -m32 -static does not work here');
  const place = scratch();
  chmodSync(place, 0o755);
  const native = spawnSync(binary, [], { cwd: place, encoding: 'utf8', timeout: 60_000 });
  expect(native.status).toBe(0);
  let leg = start(name, readFileSync(binary));
  let moves = 0;
  for (let turn = 1; !leg.process.isZombie; turn++) {
    const { kernel }: { kernel: Kernel } = leg.node;
    const busy = kernel.run(kernel.clock.monotonic() + TURN);
    if (leg.process.isZombie) break;
    if (!busy) {
      const left = kernel.nextTimer - kernel.clock.monotonic();
      if (left === Number.POSITIVE_INFINITY)
        throw new Error(`it waits for ever after ${moves} moves: ${text(leg.output).slice(-500)}`);
      leg.skip(left);
    }
    if (MOVES.includes(turn)) {
      leg = move(leg);
      moves++;
    }
  }
  expect(moves).toBeGreaterThan(0);
  expect(text(leg.output)).toBe(native.stdout);
});
