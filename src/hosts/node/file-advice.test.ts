// Advice fits what the file was for.
// Source: docs/usage.md.
import { expect, test } from 'vitest';
import { adviceToOpen, adviceToWrite } from './file-advice.js';

const failed = (code: string) => Object.assign(new Error(code), { code });

test('of a file that is not there: where it was looked for, and where one comes from', () => {
  expect(adviceToOpen('kernel', '/boot/vmlinuz', failed('ENOENT'))).toBe('Check the path.');
  expect(adviceToOpen('kernel', 'vmlinuz', failed('ENOENT'))).toContain(process.cwd());
  expect(adviceToOpen('bios', '/b', failed('ENOENT'))).toContain('seabios');
  expect(adviceToOpen('disk', '/d.img', failed('ENOENT'), true)).toMatch(
    /^Check the path\. .*truncate -s 1G \/d\.img$/,
  );
  expect(adviceToOpen('cdrom', '/cd.iso', failed('ENOENT'))).not.toContain('snapshot');
});

test(',ro and ,snapshot are advised where they help', () => {
  for (const code of ['EACCES', 'EPERM', 'EROFS']) {
    expect(adviceToOpen('disk', '/d.img', failed(code), true)).toContain(',ro or ,snapshot');
    expect(adviceToOpen('disk', '/d.img', failed(code))).not.toContain(',ro');
  }
  expect(adviceToOpen('disk', '/d.img', failed('ENOENT'), true)).not.toContain(',ro');
});

test('a file that is made wants its folder', () => {
  expect(adviceToWrite('/no/dir/out', failed('ENOENT'))).toBe('Make its folder first: mkdir -p /no/dir');
  expect(adviceToWrite('/etc/x', failed('EACCES'))).toContain('may write');
});
