// A pod as a kubelet has it made for a RuntimeClass: Debian's containerd by its CRI, with the lines of docs/oci-runtime.md in its config.
// Containers of a pod share its address on the cluster's network and its names; what a kubelet asks of them is answered.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { busyboxRoot } from '../kernel/busybox-root.js';
import { missing, needs, provisioned, root } from '../provisioned.js';
import { CriClient, fieldsOf, integer, message, text } from './cri-client.js';
import { imageTar } from './image-tar.js';

const IMAGE = 'docker.io/library/box:1';
const PLUGINS = '/usr/lib/cni';
const isThere =
  provisioned('containerd') !== undefined &&
  provisioned('busybox') !== undefined &&
  existsSync(join(PLUGINS, 'ptp')) &&
  process.getuid?.() === 0;
let folder: string;
let daemon: ChildProcess | undefined;

/** The lines that the page has, with our own place. */
function documented(): string {
  const page = readFileSync(join(root, 'docs/oci-runtime.md'), 'utf8');
  const lines = /```toml\n(.*?)```/s.exec(page)![1]!;
  return lines.replace('/usr/local/bin/tabvisor-oci', join(root, 'bin/tabvisor-oci.mjs'));
}

beforeAll(async () => {
  if (!isThere) return;
  folder = mkdtempSync(join(tmpdir(), 'tabvisor-cri-'));
  mkdirSync(join(folder, 'net.d'));
  const ipam = { type: 'host-local', dataDir: join(folder, 'ipam'), ranges: [[{ subnet: '10.231.7.0/24' }]] };
  const network = {
    cniVersion: '0.4.0',
    name: 'pods',
    plugins: [{ type: 'ptp', ipam: { ...ipam, routes: [{ dst: '0.0.0.0/0' }] } }],
  };
  writeFileSync(join(folder, 'net.d/1.conflist'), JSON.stringify(network));
  const config = `version = 2
root = "${folder}/root"
state = "${folder}/state"
[grpc]
  address = "${folder}/socket"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "${IMAGE}"
  [plugins."io.containerd.grpc.v1.cri".cni]
    conf_dir = "${folder}/net.d"
    bin_dir = "${PLUGINS}"
  [plugins."io.containerd.grpc.v1.cri".containerd]
    snapshotter = "native"
${documented()}`;
  writeFileSync(join(folder, 'config.toml'), config);
  writeFileSync(join(folder, 'image.tar'), imageTar(busyboxRoot(provisioned('busybox')!), IMAGE));
  daemon = spawn('containerd', ['--config', join(folder, 'config.toml')], { stdio: ['ignore', 'ignore', 'pipe'] });
  await new Promise<void>((resolve) => {
    let log = '';
    daemon!.stderr!.on('data', (bytes) => {
      log += bytes;
      if (log.includes('successfully booted')) resolve();
    });
    daemon!.once('exit', () => resolve());
  });
  ctr('images', 'import', '--platform', 'linux/386', '--snapshotter', 'native', join(folder, 'image.tar'));
});
afterAll(async () => {
  if (!daemon) return;
  for (const id of ctr('task', 'ls', '-q').split('\n').filter(Boolean)) ctr('task', 'delete', '--force', id);
  const ended = once(daemon, 'exit');
  daemon.kill();
  await ended;
  rmSync(folder, { recursive: true, force: true });
});

const ctr = (...args: string[]): string =>
  spawnSync('ctr', ['--address', join(folder, 'socket'), '--namespace', 'k8s.io', ...args], { encoding: 'utf8' })
    .stdout;

test('a pod of a RuntimeClass', async (context) => {
  needs(context, 'containerd', 'busybox');
  if (!isThere) missing(context, "it takes root and CNI's plugins");
  const cri = new CriClient(join(folder, 'socket'));
  const string = (value: number | Buffer | undefined): string => (value === undefined ? '' : value.toString());
  const metadata = message(1, text(1, 'pod'), text(2, 'uid'), text(3, 'default'));
  // each container sees its own processes, as a kubelet asks for
  const own = message(8, message(2, message(1, integer(2, 1))));
  const config = [metadata, text(2, 'named'), text(3, join(folder, 'logs')), own];
  const pod = string((await cri.call('RunPodSandbox', message(1, ...config), text(2, 'tabvisor'))).get(1));
  const begin = async (name: string, script: string): Promise<string> => {
    const limits = message(15, message(1, integer(4, 64 << 20)), message(2, message(3, integer(2, 1))));
    const words = ['sh', '-c', script].map((word) => text(3, word));
    const of = [message(1, text(1, name)), message(2, text(1, IMAGE)), ...words, text(11, `${name}.log`), limits];
    const made = await cri.call('CreateContainer', text(1, pod), message(2, ...of), message(3, ...config));
    const id = string(made.get(1));
    await cri.call('StartContainer', text(1, id));
    return id;
  };
  const executed = async (id: string, script: string): Promise<[string, number]> => {
    const words = ['sh', '-c', script].map((word) => text(2, word));
    const said = await cri.call('ExecSync', text(1, id), ...words, integer(3, 60));
    return [string(said.get(1)), Number(said.get(3) ?? 0)];
  };
  try {
    const web = await begin('web', 'mkdir /w; echo hello >/w/index.html; echo told; exec httpd -f -p 80 -h /w');
    const side = await begin('side', 'exec sleep 1000');
    const script =
      'hostname; until wget -q -O - http://127.0.0.1/; do :; done; cat /sys/fs/cgroup/memory.max /proc/1/comm; ls /w; exit 3';
    expect(await executed(side, script)).toEqual(['named\nhello\n67108864\nsleep\n', 3]);
    const status = fieldsOf((await cri.call('PodSandboxStatus', text(1, pod))).get(1) as Buffer);
    const address = string(fieldsOf(status.get(5) as Buffer).get(1));
    expect(address).toMatch(/^10\.231\.7\./);
    expect(await (await fetch(`http://${address}/`)).text()).toBe('hello\n');
    await cri.call('UpdateContainerResources', text(1, side), message(2, integer(4, 100 << 20)));
    expect(await executed(side, 'cat /sys/fs/cgroup/memory.max')).toEqual([`${100 << 20}\n`, 0]);
    await cri.call('StopContainer', text(1, web), integer(2, 0));
    await cri.call('RemoveContainer', text(1, web));
    expect(readFileSync(join(folder, 'logs/web.log'), 'utf8')).toMatch(/ stdout F told\n$/);
    expect(await executed(side, 'hostname')).toEqual(['named\n', 0]);
  } finally {
    await cri.call('StopPodSandbox', text(1, pod));
    await cri.call('RemovePodSandbox', text(1, pod));
    cri.close();
  }
  expect(ctr('task', 'ls', '-q')).toBe('');
});
