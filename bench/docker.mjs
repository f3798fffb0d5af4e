// Docker's client before our daemon, and before Podman with runc on the same host: native against WebAssembly, in one run, in turns.
// Docker Engine API; man 1 podman-system-service. Images are busybox, and a root of Debian with a Java machine.
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { machine } from './machine.mjs';
import { startPodman } from './podman.mjs';
import { startRegistry } from './registry.mjs';
import { meter } from './process-meter.mjs';
import { summary } from './statistics.mjs';
import { digits } from './table.mjs';

const ours = (path) => fileURLToPath(new URL(path, import.meta.url));
const TABVISOR = ours('../bin/tabvisor.mjs');
/** Runs before those that count, and those that count. */
const WARM = 10;
const RUNS = 20;
const IMAGES = 100;

export const DOCKER_ROWS = ['run', 'pull', 'ready'];

/** `options`: {only: rows or undefined, repeat, percent}. `say` is told of each measurement. */
export async function measureDocker(options, say) {
  const started = machine();
  const folder = mkdtempSync(join(tmpdir(), 'tabvisor-bench-'));
  const wanted = DOCKER_ROWS.filter((name) => options.only?.includes(name) ?? true);
  const results = {};
  const note = (name, value) => {
    results[name] ??= [];
    results[name].push(value);
    say(`${name}: ${digits(value)}`);
  };
  try {
    const images = makeImages(folder, wanted.includes('pull'));
    for (let round = 0; round < options.repeat; round++)
      for (const row of wanted) await MEASURES[row](join(folder, `${row}-${round}`), images, options, note);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  return {
    name: 'docker',
    title: "Docker's client on tabvisor and on Podman",
    machine: started,
    notes: [
      `the daemon and Podman's service on one host, in turns; the median of ${RUNS} runs after ${WARM}, and of ${options.repeat} rounds`,
      'CPU: user and system of all threads of our daemon, which has the containers in it; peak: its resident memory (VmHWM)',
    ],
    tables: [dockerTable(results)],
    data: { options, results },
  };
}

/** `most`, or `least`: what is required of the number. */
const REQUIRED = [
  { name: 'docker run --rm busybox true, by the clock, ms', key: 'client' },
  { name: '  the same on Podman with runc, ms', key: 'podman' },
  { name: '  as many times as fast', of: ['podman', 'client'], least: 3 },
  { name: 'create, start, wait, removed over the API, ms', key: 'api', most: 100 },
  { name: '  CPU of the daemon, ms', key: 'cpu', most: 60 },
  { name: 'pull and run from a loopback registry, s', key: 'pull' },
  { name: '  skopeo copy of it to a docker-archive, s', key: 'skopeo' },
  { name: '  as many times as long', of: ['pull', 'skopeo'], most: 2 },
  { name: "  the daemon's peak, MB", key: 'peak', most: 150 },
  { name: `ready after its start, with ${IMAGES} images, s`, key: 'ready', most: 0.5 },
];

export function dockerTable(results) {
  const of = (key) => (results[key] ? summary(results[key]).median : undefined);
  const rows = REQUIRED.flatMap(({ name, key, of: parts, most, least }) => {
    const [one, other] = parts ? parts.map(of) : [of(key), 1];
    if (one === undefined || other === undefined) return [];
    const value = one / other;
    const wanted = most !== undefined ? `at most ${most}` : least !== undefined ? `at least ${least}` : '';
    const met = wanted === '' ? '' : (most === undefined || value <= most) && (least === undefined || value >= least);
    return [[name, wanted, digits(value), met === '' ? '' : met ? 'met' : 'MISSED']];
  });
  return { title: 'What a user of the client waits for', rows: [['', 'required', 'measured', ''], ...rows] };
}

const MEASURES = {
  async run(folder, { busybox }, { percent }, note) {
    const runs = Math.max(1, Math.round((RUNS * percent) / 100));
    const warm = Math.max(1, Math.round((WARM * percent) / 100));
    const daemon = await startDaemon(folder);
    const podman = await startPodman(folder);
    try {
      for (const engine of [daemon, podman]) if (engine) docker(engine.host, 'import', busybox, 'busybox');
      for (let i = 0; i < warm; i++) runOne(daemon.host);
      const clocks = { client: [], podman: [], api: [] };
      for (let i = 0; i < runs; i++) {
        clocks.client.push(timed(() => runOne(daemon.host)));
        if (podman) clocks.podman.push(timed(() => runOne(podman.host)));
      }
      const before = daemon.meter().cpu;
      for (let i = 0; i < runs; i++) {
        const start = performance.now();
        await runOverApi(daemon.socket);
        clocks.api.push(performance.now() - start);
      }
      note('cpu', ((daemon.meter().cpu - before) / runs) * 1000);
      for (const [key, list] of Object.entries(clocks)) if (list.length > 0) note(key, summary(list).median);
    } finally {
      podman?.stop();
      await daemon.stop();
    }
  },

  async pull(folder, { java, registryProgram, skopeo }, _, note) {
    mkdirSync(folder, { recursive: true });
    const registry = await startRegistry(registryProgram, folder);
    const name = `${registry.host}/java:1`;
    const maker = ['--data', join(folder, 'maker')];
    execFileSync(process.execPath, [TABVISOR, 'import', ...maker, java, name], { stdio: 'ignore' });
    execFileSync(process.execPath, [TABVISOR, 'push', '--quiet', ...maker, name], { stdio: 'ignore' });
    const daemon = await startDaemon(folder);
    try {
      const archive = join(folder, 'archive.tar');
      const args = ['--insecure-policy', '--override-arch', '386', 'copy', '--src-tls-verify=false'];
      note('skopeo', timed(() => skopeo(...args, `docker://${name}`, `docker-archive:${archive}`)) / 1000);
      note(
        'pull',
        timed(() => {
          docker(daemon.host, 'pull', '--quiet', name);
          docker(daemon.host, 'run', '--rm', name, '/busybox', 'true');
        }) / 1000,
      );
      note('peak', daemon.meter().peak / 1e6);
    } finally {
      await daemon.stop();
      await registry.stop();
    }
  },

  async ready(folder, { busybox }, { percent }, note) {
    const first = await startDaemon(folder);
    try {
      docker(first.host, 'import', busybox, 'busybox');
      for (let i = 0; i < Math.round((IMAGES * percent) / 100); i++) {
        // an image of its own, not a name more
        const change = ['--change', `LABEL number=${i}`];
        docker(first.host, 'import', ...change, busybox, `image:${i}`);
      }
    } finally {
      await first.stop();
    }
    const start = performance.now();
    const again = await startDaemon(folder);
    note('ready', (performance.now() - start) / 1000);
    await again.stop();
  },
};

/** Milliseconds. */
function timed(action) {
  const start = performance.now();
  action();
  return performance.now() - start;
}

function docker(host, ...args) {
  const { status, stderr } = spawnSync('docker', ['-H', host, ...args], {
    encoding: 'utf8',
    env: { ...process.env, DOCKER_CONFIG: '/nonexistent' },
  });
  if (status !== 0) throw new Error(`docker ${args.join(' ')}: ${stderr}`);
}

const runOne = (host) => docker(host, 'run', '--rm', 'busybox', 'true');

/** What a client asks for, without the client's own process. */
async function runOverApi(socket) {
  const { Id } = await call(socket, 'POST', '/v1.44/containers/create', {
    Image: 'busybox',
    Cmd: ['true'],
    HostConfig: { AutoRemove: true },
  });
  const removed = call(socket, 'POST', `/v1.44/containers/${Id}/wait?condition=removed`);
  await call(socket, 'POST', `/v1.44/containers/${Id}/start`);
  const { StatusCode } = await removed;
  if (StatusCode !== 0) throw new Error(`the container ended with ${StatusCode}`);
}

function call(socketPath, method, path, body) {
  return new Promise((resolve, reject) => {
    const text = body === undefined ? '' : JSON.stringify(body);
    const headers = { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(text) };
    const asked = request({ socketPath, method, path, headers }, async (answer) => {
      let said = '';
      for await (const piece of answer) said += piece;
      if (answer.statusCode >= 300) reject(new Error(`${method} ${path}: ${answer.statusCode} ${said}`));
      else resolve(said === '' ? {} : JSON.parse(said));
    });
    asked.on('error', reject);
    asked.end(text);
  });
}

/** Ends when `text` is in what it says. */
function until(child, stream, text, what) {
  return new Promise((resolve, reject) => {
    let said = '';
    stream.setEncoding('utf8').on('data', (piece) => {
      said += piece;
      if (said.includes(text)) resolve(said);
    });
    child.on('exit', () => reject(new Error(`${what} ended: ${said}`)));
    child.on('error', reject);
  });
}

async function startDaemon(folder) {
  mkdirSync(folder, { recursive: true });
  const socket = join(folder, 'engine.sock');
  const args = [TABVISOR, 'daemon', '--host', `unix://${socket}`, '--data', join(folder, 'data')];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'pipe'] });
  await until(child, child.stderr, 'listening', 'the daemon');
  return {
    host: `unix://${socket}`,
    socket,
    meter: () => meter(child.pid),
    stop: () =>
      new Promise((resolve) => {
        child.removeAllListeners('exit');
        child.on('exit', resolve);
        child.kill();
      }),
  };
}

/** Tars of the roots, and the programs that are used besides. */
function makeImages(folder, large) {
  const manifest = JSON.parse(readFileSync(ours('../.cache/guest/manifest.json'), 'utf8'));
  const piece = (name) => ours(`../${manifest[name]}`);
  const root = join(folder, 'root');
  for (const name of ['bin', 'dev', 'proc', 'sys', 'tmp', 'root', 'etc'])
    mkdirSync(join(root, name), { recursive: true });
  copyFileSync(piece('busybox'), join(root, 'bin/busybox'));
  for (const name of ['sh', 'true']) symlinkSync('busybox', join(root, 'bin', name));
  const owned = ['--owner=0', '--group=0'];
  const busybox = join(folder, 'busybox.tar');
  execFileSync('tar', ['-cf', busybox, ...owned, '-C', root, '.']);
  const java = join(folder, 'java.tar');
  if (large)
    execFileSync('tar', ['-cf', java, ...owned, '-C', piece('probes'), '.', '-C', join(root, 'bin'), './busybox']);
  const env = { ...process.env, LD_LIBRARY_PATH: piece('skopeoLibraries') };
  const skopeo = (...args) => execFileSync(piece('skopeo'), args, { env, stdio: ['ignore', 'ignore', 'inherit'] });
  return { busybox, java, skopeo, registryProgram: piece('dockerRegistry') };
}
