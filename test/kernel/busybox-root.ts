// A root as a tar, made of Debian's static busybox: enough for a shell.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { type TarFile, tarOf } from '../tar.js';

export function busyboxRoot(busybox: string): Uint8Array {
  const applets = execFileSync(busybox, ['--list'], { encoding: 'utf8' })
    .trim()
    .split('\n')
    .filter((name) => name !== 'busybox');
  return tarOf([
    { name: 'bin/busybox', data: readFileSync(busybox), mode: 0o755 },
    ...applets.map((name): TarFile => ({ name: `bin/${name}`, type: '2', link: 'busybox' })),
    { name: 'etc/passwd', data: 'root:x:0:0:root:/root:/bin/sh\nbob:x:1000:1001:Bob:/home/bob:/bin/sh\n' },
    { name: 'etc/group', data: 'root:x:0:\nadm:x:4:bob,root\nbob:x:1001:\nlp:x:7:bob\n' },
    { name: 'home/bob/', type: '5', mode: 0o755, uid: 1000, gid: 1001 },
    ...['dev', 'proc', 'root', 'var'].map((name): TarFile => ({ name: `${name}/`, type: '5', mode: 0o755 })),
    { name: 'tmp/', type: '5', mode: 0o1777 },
  ]);
}
