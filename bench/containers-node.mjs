// A node whose containers are measured from outside: `containers-node.mjs ROOT.tar ROW COUNT [PERCENT]`, with the moments of moments.mjs.
// Ours; the node runs in this process's own thread, behind the contract that the engine uses (src/node/contract.ts).
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { nodeFiles } from '../build/js/src/cli/node-files.js';
import { nodePlatform } from '../build/js/src/hosts/node/platform.js';
import { createNode } from '../build/js/src/kernel/node.js';
import { NodeServer } from '../build/js/src/node/server.js';
import { NodeClient } from '../build/js/src/runtime/node-client.js';
import { compile } from '../build/js/src/vcpu/engine.js';

const MIB = 1 << 20;
const [root, row, howMany, percent = '100'] = process.argv.slice(2);
const count = Number(howMany);

/** Messages come in a later turn, as between threads. */
function channels() {
  const [client, server] = [[], []];
  const end = (to, own) => ({
    send: (message) => void setImmediate(() => to[0](structuredClone(message))),
    onMessage: (receive) => own.push(receive),
  });
  return [end(server, client), end(client, server)];
}

function startNode() {
  const host = nodePlatform.host();
  const { kernel, vcpu } = createNode({
    core: compile(readFileSync(new URL('../build/core.wasm', import.meta.url))),
    memory: 1024 * MIB,
    translate: 'in the background',
    clock: host,
    random: (into) => host.random(into),
  });
  nodePlatform.tune(vcpu);
  const [client, serving] = channels();
  const node = new NodeClient(client);
  const server = new NodeServer(kernel, host, { files: nodeFiles('/') }, serving);
  void server.run();
  return { node, server };
}

/** What Docker gives a container with --userns-remap, and clocks: all eight namespaces of its own, /proc, /dev, /sys and its group. */
const NAMESPACES = ['pid', 'mount', 'ipc', 'uts', 'network', 'cgroup', 'user', 'time'];
const MAP = [{ containerID: 0, hostID: 100_000, size: 65_536 }];
const owners = { uidMappings: MAP, gidMappings: MAP };

function specOf(args, resources) {
  return {
    ociVersion: '1.2.0',
    hostname: 'box',
    mounts: [
      { destination: '/proc', type: 'proc', options: ['nosuid', 'noexec', 'nodev'] },
      { destination: '/dev', type: 'tmpfs', options: ['nosuid', 'mode=755', 'size=65536k'] },
      { destination: '/dev/pts', type: 'devpts', options: ['nosuid', 'noexec', 'newinstance', 'ptmxmode=0666'] },
      { destination: '/sys', type: 'sysfs', options: ['nosuid', 'noexec', 'nodev', 'ro'] },
      { destination: '/sys/fs/cgroup', type: 'cgroup', options: ['ro', 'nosuid', 'noexec', 'nodev'] },
    ],
    process: { args, env: ['PATH=/bin'], cwd: '/' },
    linux: { namespaces: NAMESPACES.map((type) => ({ type })), ...owners, resources },
  };
}

const { node, server } = startNode();
const layers = [{ id: 'root', blob: root }];

async function moment(name) {
  process.stdout.write(`MOMENT ${name}\n`);
  await once(process.stdin, 'data');
}

/** Starts a container with a root of its own. Promises of the end of its process, and of the first that it says. */
async function start(id, args, resources) {
  await node.call('addRoot', { id, layers, owners });
  const { promise: ended, resolve } = withResolvers();
  const { promise: spoken, resolve: speak } = withResolvers();
  node.listen({ id }, { output: () => speak(), exited: (status) => resolve(status) });
  await node.call('create', { id, root: id, spec: specOf(args, resources) });
  await node.call('start', { id });
  return { ended, spoken };
}

function withResolvers() {
  let resolve;
  const promise = new Promise((done) => {
    resolve = done;
  });
  return { promise, resolve };
}

async function remove(id) {
  node.forget({ id });
  await node.call('delete', { id, force: true });
  await node.call('removeRoot', { id });
}

async function startAndEnd(times) {
  for (let i = 0; i < times; i++) {
    const { ended } = await start(`c${i}`, ['true']);
    if ((await ended) !== 0) throw new Error('true failed');
    await remove(`c${i}`);
  }
}

/** The processor's time that a container with a program of the bench has had, by its own account, while its neighbour spins. */
async function workBeside(resources) {
  await start('neighbour', ['sh', '-c', 'while :; do :; done'], resources);
  const { ended } = await start('worker', ['/bench/syscall', percent]);
  if ((await ended) !== 0) throw new Error('the work failed');
  const { cpu } = await node.call('stats', { id: 'worker' });
  await remove('worker');
  await remove('neighbour');
  return cpu / 1e9;
}

const LIMITS = { cpu: { quota: 20_000, period: 100_000 }, memory: { limit: 32 * MIB }, pids: { limit: 10 } };

const ROWS = {
  /** Containers that start, run `true` and go, one after the other, when as many have before. */
  async start() {
    await startAndEnd(count);
    await moment('run');
    await startAndEnd(count);
    await moment('end');
  },
  /** Containers that are there and do nothing. */
  async idle() {
    await startAndEnd(20);
    await moment('empty');
    for (let i = 0; i < count; i++) await (await start(`c${i}`, ['sh', '-c', 'echo up; exec sleep 1000000'])).spoken;
    await moment('full');
  },
  /** A container's work beside a neighbour that spins, which has limits or none. */
  async neighbour() {
    await workBeside({});
    for (let i = 0; i < count; i++) {
      const [free, limited] = [await workBeside({}), await workBeside(LIMITS)];
      process.stdout.write(`TELL ${JSON.stringify({ free, limited })}\n`);
    }
  },
};

await ROWS[row]();
server.close();
process.exit(0);
