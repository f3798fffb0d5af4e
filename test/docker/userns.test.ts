// Containers whose users are others on the node: `tabvisor daemon --userns-remap`, `docker run --userns=host`.
// Docker docs, "Isolate containers with a user namespace". Oracle: docker's own client.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { needs } from '../provisioned.js';
import { tarOf } from '../tar.js';
import { Daemon, needsDocker } from './daemon-fixture.js';

/** Who a setuid program is, and whether it gets at devices. */
const RIGHTS = [
  'export PATH=/bin; /bin/busybox su root -c "/bin/busybox id -u"',
  'for f in /disk /memory; do',
  '  /bin/busybox su root -c "/bin/busybox head -c 1 $f >/dev/null 2>&1 && echo read || echo refused"',
  'done',
].join('\n');

test('root of a container is nobody on the node, and its files and volumes are its own', async (context) => {
  needsDocker(context);
  const daemon = await Daemon.start(context, { options: ['--userns-remap', '0:300000:65536'] });
  const run = (...args: string[]) => daemon.docker('run', '--rm', ...args);
  const sh = async (script: string, ...options: string[]): Promise<string> =>
    (await run(...options, 'busybox', 'sh', '-c', script)).stdout.replace(/ +/g, ' ');
  try {
    expect((await daemon.docker('info', '--format', '{{.SecurityOptions}}')).stdout).toContain('name=userns');
    const files = 'for f in /bin/sh /home/bob /data /etc/hosts; do stat -c "%u:%g" $f; done';
    expect(await sh(`id -u; cat /proc/self/uid_map; ${files}; touch /data/x /y && echo made`, '-v', 'kept:/data')).toBe(
      '0\n 0 300000 65536\n0:0\n1000:1001\n0:0\n0:0\nmade\n',
    );
    expect(await sh('id -u; stat -c %u /data/x; echo told > /dev/stdout', '-v', 'kept:/data', '-u', '1000')).toBe(
      '1000\n0\ntold\n',
    );
    // of one that keeps the node's ids it is another's
    const host = ['--userns', 'host', '-v', 'kept:/data'];
    expect(await sh('cat /proc/self/uid_map; stat -c %u /data/x /bin/sh', ...host)).toBe(
      ' 0 0 4294967295\n300000\n0\n',
    );
    await daemon.docker('run', '-d', '--name', 'lender', 'busybox', 'sleep', '1000');
    expect(
      await sh('ls /proc/self/ns | wc -l; ip addr show eth0 | grep -c "inet "', '--network', 'container:lender'),
    ).toBe('10\n1\n');
    expect((await daemon.docker('exec', 'lender', 'sh', '-c', 'touch /z; stat -c %u /z /proc/1')).stdout).toBe(
      '0\n0\n',
    );
    expect((await run('--privileged', 'busybox', 'true')).stderr).toContain(
      'privileged mode is incompatible with user namespaces',
    );
    expect((await run('--network', 'host', 'busybox', 'true')).stderr).toContain(
      "cannot share the host's network namespace",
    );
    expect((await run('--pid', 'host', 'busybox', 'true')).stderr).toContain('cannot share the host PID namespace');
    // a layer with what has rights of its own: root is the container's alone, and a device is none
    const layer = tarOf([
      { name: 'bin/busybox', data: readFileSync(needs(context, 'busybox').busybox), mode: 0o4755 },
      { name: 'bin/sh', type: '2', link: 'busybox' },
      { name: 'etc/passwd', data: 'root::0:0::/:/bin/sh\nuser::1000:1000::/:/bin/sh\n' },
      { name: 'memory', type: '3', major: 1, minor: 1, mode: 0o666 },
      { name: 'disk', type: '4', major: 254, minor: 0, mode: 0o666 },
    ]);
    writeFileSync(join(daemon.folder, 'rights.tar'), layer);
    await daemon.docker('import', join(daemon.folder, 'rights.tar'), 'rights');
    const tried = await run('-u', '1000', 'rights', '/bin/busybox', 'sh', '-c', RIGHTS);
    expect(tried.stdout).toBe('0\nrefused\nrefused\n');
    expect(daemon.problems).toEqual([]);
  } finally {
    await daemon.stop();
  }
});
