// What tests of groups share: programs of test/kernel/groups, and a folder of the host that is a disk of a node.
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'vitest';
import { SharedFolder } from '../../src/hosts/node/shared-folder.js';
import { Hostfs } from '../../src/kernel/fs/hostfs.js';
import { mountAt } from '../../src/kernel/node.js';
import { missing, root } from '../provisioned.js';
import { scratch } from '../scratch.js';
import type { TestNode } from './node-fixture.js';

/** Compiles test/kernel/groups/NAME.c. */
export function groupProgram(context: TestContext, name: string): Uint8Array {
  const binary = join(scratch(), name);
  const source = join(root, `test/kernel/groups/${name}.c`);
  try {
    execFileSync('gcc', ['-m32', '-O1', '-w', '-static', '-o', binary, source], { stdio: 'pipe' });
  } catch {
    missing(context, 'gcc -m32 -static does not work here: run scripts/provision');
  }
  return readFileSync(binary);
}

/** A folder of the host at /host, a disk of its own, with these files. */
export function hostVolume({ kernel, mounts }: TestNode, files: Record<string, Uint8Array>): void {
  const folder = scratch();
  for (const [name, bytes] of Object.entries(files)) writeFileSync(join(folder, name), bytes);
  const disk = kernel.disks.add();
  const options = { live: false, readOnly: false };
  const fs = new Hostfs(disk.device, kernel.frames, new SharedFolder(folder, false), options);
  disk.hold(fs);
  mountAt(kernel, mounts.namespace, '/host', fs);
}
