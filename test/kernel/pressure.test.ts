// Memory pressure of the whole node: clean pages of files go before anybody is killed, whoever it is that wants memory.
import { expect, test } from 'vitest';
import { groupProgram, hostVolume } from './group-programs.js';
import { TestNode } from './node-fixture.js';

test('a file larger than memory is in nobody’s way', (context) => {
  const large = Buffer.alloc(160 << 20);
  for (let page = 0; page < large.length / 4096; page++) large.writeUInt32LE(page, page * 4096);
  const node = new TestNode();
  const { kernel } = node;
  hostVolume(node, { large });
  node.file('/bin/pressure', groupProgram(context, 'pressure'));
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
