// Podman's bridge under `tabvisor oci`: a container is a station in it, with published ports; containers share its network, and pods.
// docs/oci-runtime.md; man 1 podman-run (--network, -p), podman-pod-create.
import { afterAll, beforeAll, expect, test, type TestContext } from 'vitest';
import { missing, needs, provisioned } from '../provisioned.js';
import { Podman } from './podman-fixture.js';

const IMAGE = 'box:1';
const isThere = provisioned('podman') !== undefined && provisioned('busybox') !== undefined;
const SERVER =
  'mkdir /w; cd /w; echo hello >index.html; dd if=/dev/zero of=big bs=64k count=16 2>/dev/null; exec httpd -f -p 80';
let podman: Podman | undefined;

beforeAll(() => {
  if (!isThere || process.getuid?.() !== 0) return;
  podman = new Podman();
  podman.importBusybox(IMAGE);
});
afterAll(() => podman?.close());

function need(context: TestContext): Podman {
  needs(context, 'podman', 'busybox');
  if (!podman) missing(context, 'the host lets nobody but root make networks');
  return podman;
}

/** A server's answer; it may not listen yet. */
async function fetched(address: string): Promise<Response> {
  for (let tries = 0; ; tries++)
    try {
      return await fetch(`http://${address}/`);
    } catch (error) {
      if (tries === 600) throw error;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
}

test('a published port, the bridge, and who shares the network', async (context) => {
  const { run } = need(context);
  const call = run.bind(podman);
  const begun = call('run', '-d', '--name', 'web', '-p', '127.0.0.1::80', IMAGE, 'sh', '-c', SERVER);
  expect(begun.status, begun.stderr).toBe(0);
  const port = /:(\d+)$/.exec(call('port', 'web', '80').stdout.trim())![1];
  expect(await (await fetched(`127.0.0.1:${port}`)).text()).toBe('hello\n');
  const address = call('inspect', 'web', '--format', '{{.NetworkSettings.IPAddress}}').stdout.trim();
  // long segments, whose checksums the host's cards would make
  expect((await (await fetch(`http://${address}/big`)).arrayBuffer()).byteLength).toBe(1 << 20);

  const other = ['run', '--rm', IMAGE, 'sh', '-c'];
  const script = `ip -4 -o addr show eth0 | wc -l; ip route | grep -c default; ping -c 2 ${address} | grep -E "received|DUP"; wget -q -O - http://${address}/`;
  expect(call(...other, script).stdout).toBe(
    '1\n1\n2 packets transmitted, 2 packets received, 0% packet loss\nhello\n',
  );

  const shared = ['run', '--rm', '--network', 'container:web', IMAGE, 'sh', '-c'];
  const inside = `wget -q -O - http://127.0.0.1/; ip -4 -o addr show eth0 | grep -c ${address}; ps | grep -c "[h]ttpd -f"; exit 3`;
  // its processes are its own
  expect(call(...shared, inside)).toMatchObject({ status: 3, stdout: 'hello\n1\n0\n' });
  call('rm', '-f', '-t', '0', 'web');
  expect(call('ps', '-aq').stdout).toBe('');
});

test('a pod: one network, one host name, one place for messages', async (context) => {
  const call = need(context).run.bind(podman);
  const infra = ['--infra-image', IMAGE, '--infra-command', '/bin/sleep 1000'];
  expect(call('pod', 'create', '--name', 'pod', ...infra, '-p', '127.0.0.1::80').status).toBe(0);
  expect(call('run', '-d', '--pod', 'pod', '--name', 'one', IMAGE, 'sh', '-c', SERVER).status).toBe(0);
  expect(call('run', '-d', '--pod', 'pod', '--name', 'two', IMAGE, 'sleep', '1000').status).toBe(0);
  const port = /:(\d+)$/.exec(call('port', 'one').stdout.trim())![1];
  expect(await (await fetched(`127.0.0.1:${port}`)).text()).toBe('hello\n');
  expect(call('exec', 'two', 'sh', '-c', 'hostname; wget -q -O - http://127.0.0.1/; ls /w; exit 4')).toMatchObject({
    ...{ status: 4, stdout: 'pod\nhello\n' },
  });
  // one of them ends, the others go on
  expect(call('rm', '-f', '-t', '0', 'one').status).toBe(0);
  expect(call('exec', 'two', 'hostname').stdout).toBe('pod\n');
  expect(call('pod', 'stop', '-t', '0', 'pod').status).toBe(0);
  expect(call('pod', 'start', 'pod').status).toBe(0);
  expect(call('exec', 'two', 'hostname').stdout).toBe('pod\n');
  expect(call('pod', 'rm', '-f', '-t', '0', 'pod').status).toBe(0);
});
