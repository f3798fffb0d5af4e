// Memory pressure of the whole node: clean pages of files go before anybody is killed, whoever it is that wants memory.
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { SharedFolder } from '../../src/hosts/node/shared-folder.js';
import { Hostfs } from '../../src/kernel/fs/hostfs.js';
import { mountAt } from '../../src/kernel/node.js';
import { missing, root } from '../provisioned.js';
import { scratch } from '../scratch.js';
import { TestNode } from './node-fixture.js';

test('a file larger than memory is in nobody’s way', (context) => {
  const folder = scratch();
  const binary = join(folder, 'pressure');
  try {
    const source = join(root, 'test/kernel/groups/pressure.c');
    execFileSync('gcc', ['-m32', '-O1', '-w', '-static', '-o', binary, source], { stdio: 'pipe' });
  } catch {
    missing(context, 'gcc -m32 -static does not work here: run scripts/provision');
  }
  const file = Buffer.alloc(160 << 20);
  for (let page = 0; page < file.length / 4096; page++) file.writeUInt32LE(page, page * 4096);
  writeFileSync(join(folder, 'large'), file);
  const node = new TestNode();
  const { kernel, mounts } = node;
  const fs = new Hostfs(kernel.newDevice(), kernel.frames, new SharedFolder(folder, true), {
    live: true,
    readOnly: true,
  });
  mountAt(kernel, mounts.namespace, '/host', fs);
  node.file('/bin/pressure', readFileSync(binary));
  expect(node.run(['/bin/pressure', '/host/large'], '', '/tmp').output.split('\n')).toEqual([
    'a file larger than memory is read: 1',
    "a call's own faults find room: 1",
    '  and nothing is lost: 1',
    'all of it is mapped: 1',
    "a child's memory: 7",
    '',
  ]);
  expect(kernel.statistics.oomKills).toBe(0);
});
