// Ways out of a container, one test a case. By number they are those that runtimes have met:
//   20 a program that runs is overwritten (CVE-2019-5736)         21 leaked descriptors and working directories (CVE-2024-21626)
//   22 /dev and /proc that are links (CVE-2025-31133, -52565)     23 chroot again, fchdir behind pivot_root
//   24 delegated groups, release_agent (CVE-2022-0492)            27 floods of zombies and forks, all of the memory
//   29 maps of ids
// 24 and 27 ask Debian's kernel, which has the controllers: groups/escapes.c in cgroups.test.ts. Each family of escape.c and rights.c runs natively and here.
import { spawnSync } from 'node:child_process';
import { chmodSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { missing, root } from '../provisioned.js';
import { scratch } from '../scratch.js';
import { TestNode } from './node-fixture.js';

const CASES = [
  '20 a program that runs is not overwritten',
  '21 leaked descriptors and working directories',
  '22 /dev and /proc that are links',
  '23 out of a chroot',
  "23 out of a root of one's own",
  '29 maps of ids',
  'mounts do not come back',
  'abstract names of sockets',
  'signals, ptrace and what else there is to do to those outside',
  'nodes of devices',
  'programs that run as another',
  'capabilities of files',
  'namespaces that are handed over',
  'places of others, by /proc',
  'settings',
  "who opened a group's file",
  'mounts of a nested user namespace',
];
const PROGRAMS = ['escape', 'rights'];
/** How the program says that its host does not let it. */
const NOT_HERE = 77;

/** What a program prints, by family. */
function families(output: string): Map<string, string> {
  const parts = output.split(/^== (.*)\n/m).slice(1);
  return new Map(parts.flatMap((name, i) => (i % 2 === 0 ? [[name, parts[i + 1]!] as const] : [])));
}

interface Outputs {
  native: Map<string, string>;
  here: Map<string, string>;
  /** Frames that second runs in the same node took for good, and tasks that they left. */
  left: { frames: number; tasks: number };
}

/** Both runs of all programs; or why there are none. */
function runs(): Outputs | string {
  const outputs: Outputs = { native: new Map(), here: new Map(), left: { frames: 0, tasks: 0 } };
  for (const name of PROGRAMS) {
    const place = scratch();
    const binary = join(place, name);
    const source = join(root, `test/kernel/escapes/${name}.c`);
    const built = spawnSync('gcc', ['-m32', '-O1', '-w', '-static', '-pthread', '-o', binary, source]);
    if (built.status !== 0) return 'gcc -m32 -static does not work here: run scripts/provision';
    chmodSync(place, 0o755);
    const native = spawnSync(binary, [], { cwd: place, encoding: 'utf8', timeout: 60_000 });
    if (native.status === NOT_HERE) return 'this host does not let us make namespaces: run as root';
    expect(native.status).toBe(0);
    const node = new TestNode();
    node.file(`/work/${name}`, readFileSync(binary));
    const here = node.run([`/work/${name}`], '', '/work');
    expect(here.status).toBe(0);
    const { free } = node.kernel.frames;
    node.run([`/work/${name}`], '', '/work');
    outputs.left.frames += free - node.kernel.frames.free;
    outputs.left.tasks += node.kernel.tasks.size;
    for (const [family, text] of families(native.stdout)) outputs.native.set(family, text);
    for (const [family, text] of families(here.output)) outputs.here.set(family, text);
  }
  return outputs;
}

let outputs: Outputs | string | undefined;

test.for(CASES)('%s', (name, context) => {
  outputs ??= runs();
  if (typeof outputs === 'string') return missing(context, outputs);
  const { native, here } = outputs;
  expect(native.get(name), name).toBeDefined();
  expect(here.get(name)).toBe(native.get(name));
});

test('the programs have no family that is not a case, and leave nothing', (context) => {
  outputs ??= runs();
  if (typeof outputs === 'string') return missing(context, outputs);
  expect([...outputs.native.keys()].sort()).toEqual([...CASES].sort());
  expect(outputs.left).toEqual({ frames: 0, tasks: 0 });
});
