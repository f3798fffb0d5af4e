// Options of mounts. OCI runtime-spec, config.md, "Linux mount options".
import { expect, test } from 'vitest';
import { MS_NODEV, MS_NOEXEC, MS_NOSUID, MS_RDONLY, MS_SLAVE } from '../kernel/abi/mount.js';
import { parseMountOptions } from './mount-options.js';

test('flags, those of all that is below, how it propagates, and what is the filesystem’s own', () => {
  expect(
    parseMountOptions(['rbind', 'ro', 'rnosuid', 'rslave', 'size=1m', 'nodev', 'dev', 'rro', 'lazytime']),
  ).toMatchObject({
    ...{ flags: MS_RDONLY | MS_NOSUID, bind: true, propagation: { type: MS_SLAVE, recursive: true }, data: 'size=1m' },
  });
  expect(parseMountOptions(['relatime', 'rw', 'noexec', 'nodev']).flags & (MS_NODEV | MS_NOEXEC | MS_RDONLY)).toBe(
    MS_NODEV | MS_NOEXEC,
  );
});

test('a tmpfs that begins with what lies below; ids of a mount’s own are refused', () => {
  expect(parseMountOptions(['tmpcopyup', 'mode=755'])).toMatchObject({ copiesUp: true, data: 'mode=755' });
  for (const option of ['idmap', 'ridmap', 'idmap=uids=0-1-10'])
    expect(() => parseMountOptions([option])).toThrow(`mount option ${option}`);
});
