// The power fails in the middle of writes: the process is killed, e2fsck repairs, and all that had been flushed is whole.
// man 2 fsync: what it promises; e2fsck(8) as the judge. Status 0 or 1 (mended) is a file system.

import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { expect, type TestContext, test } from 'vitest';
import { needs } from '../provisioned.js';
import { bootFromDisk, rootDisk } from './para-machine.js';

/** Files of pseudo-random size and content that depends on their number alone; each is said when it is on the disk. */
const WRITER = `i=1
while :; do
  seq $i $((i + 1000 + i * 7919 % 9000)) | dd of=/data/$i bs=4k conv=fsync 2> /dev/null && echo "on disk: $i"
  rm -f /data/$((i - 40))
  i=$((i + 1))
done
`;
const content = (i: number): string => {
  let text = '';
  for (let line = i; line <= i + 1000 + ((i * 7919) % 9000); line++) text += `${line}\n`;
  return text;
};
const sha256 = (bytes: string | Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

/** Kills the machine when so many files have been flushed; the numbers of all that were. */
async function cutAfter(context: TestContext, disk: string, files: number): Promise<number[]> {
  const console = bootFromDisk(context, disk, []);
  await console.expect('login: ');
  console.send('root\n');
  await console.expect('# ');
  console.send('sh /writer\n');
  await console.expect(`on disk: ${files}\n`);
  console.kill('SIGKILL');
  expect(await console.exited).toBe('SIGKILL');
  return [...console.output.matchAll(/on disk: (\d+)\n/g)].map(([, number]) => Number(number));
}

test.for([3, 30, 70])('power cut after %d flushed files', async (files, context) => {
  const { e2fsck, debugfs } = needs(context, 'e2fsck', 'debugfs');
  const disk = rootDisk(context, { writer: WRITER });
  const flushed = await cutAfter(context, disk, files);
  expect(flushed.length).toBeGreaterThanOrEqual(files);

  // the journal first, then everything
  expect(spawnSync(e2fsck, ['-f', '-y', disk]).status).toBeLessThanOrEqual(1);
  expect(spawnSync(e2fsck, ['-f', '-n', disk]).status).toBe(0);
  // what the writer may have been removing when the power went is not asked for
  for (const i of flushed.filter((one) => one > flushed.length + 1 - 39)) {
    const bytes = execFileSync(debugfs, ['-R', `cat /data/${i}`, disk], { stdio: 'pipe', maxBuffer: 1 << 24 });
    expect(sha256(bytes), `file ${i}`).toBe(sha256(content(i)));
  }
});
