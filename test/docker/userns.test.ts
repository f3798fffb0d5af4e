// Containers whose users are others on the node: `tabvisor daemon --userns-remap`, `docker run --userns=host`.
// Docker docs, "Isolate containers with a user namespace". Oracle: docker's own client.
import { expect, test } from 'vitest';
import { Daemon, needsDocker } from './daemon-fixture.js';

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
    expect(daemon.problems).toEqual([]);
  } finally {
    await daemon.stop();
  }
});
