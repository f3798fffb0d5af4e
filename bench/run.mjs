// The benchmarks' command line. bench/README.md says what each measures.
// Ours.
import { parseArgs } from 'node:util';
import { ROWS } from '../build/js/src/modes/rows.js';
import { LOOPS, measureCore } from './core.mjs';
import { DISKS, measureDisks, PEER_DISKS } from './disk.mjs';
import { ENGINES, PEERS } from './engines.mjs';
import { CONTAINER_ROWS, measureContainers } from './containers.mjs';
import { DOCKER_ROWS, measureDocker } from './docker.mjs';
import { compareLinux, LINUX_ROWS } from './linux.mjs';
import { compareModes } from './modes.mjs';
import { measureKernel } from './kernel.mjs';
import { KERNEL_ROWS } from './kernel-rows.mjs';
import { measurePage } from './page.mjs';
import { comparePeers } from './peers.mjs';
import { PROGRAMS } from './programs.mjs';
import { publish } from './report.mjs';
import { measureRestores } from './restore.mjs';

const WORKLOADS = ROWS.map(({ workload }) => workload);

const USAGE = `usage: npm run bench                      our own guest in the three modes: times, exits, and why
       npm run bench -- core              the core alone on short loops, MIPS
       npm run bench -- --linux           Debian's kernel in the three modes: ${LINUX_ROWS.join(', ')}
       npm run bench -- --peers           the same Linux boot and programs in ${PEERS.join(', ')}
       npm run bench -- --disk            a disk in Linux: ${PEER_DISKS.join(', ')}
       npm run bench -- --restore         Debian from a snapshot, beside its boot
       npm run bench -- --kernel          programs on our own kernel, and under qemu-i386
       npm run bench -- --containers      containers of a node, and one beside a machine: ${CONTAINER_ROWS.join(', ')}
       npm run bench -- --docker          docker's client before our daemon and before Podman: ${DOCKER_ROWS.join(', ')}
       npm run bench -- --page            the page's main thread while machines run, in Chromium

  --only A,B       rows to measure: workloads, loops, or with --peers boot and program names
  --repeat N       runs of each (1; modes: 3; restores: 9), reported as their median
  --scale PERCENT  how much work a workload or program does (100)
  --json FILE      where the results go, with a Markdown table beside (bench/results/NAME.json)
with --peers or --disk:
  --engines A,B    which engines (all); ratios are to the first
  --boot-until T   the boot ends when a serial line holds this text (BOOT-OK)
  --timeout S      seconds that one run of one engine may take (900)
  --targets        a table of what is promised against v86, with PASS and MISS
  --count          one more run of tabvisor counts instructions, for MIPS of every engine
workloads: ${WORKLOADS.join(' ')}
loops: ${LOOPS.join(' ')}
programs: ${PROGRAMS.map(({ name }) => name).join(' ')}
`;

const options = {
  peers: { type: 'boolean', default: false },
  linux: { type: 'boolean', default: false },
  disk: { type: 'boolean', default: false },
  restore: { type: 'boolean', default: false },
  kernel: { type: 'boolean', default: false },
  containers: { type: 'boolean', default: false },
  docker: { type: 'boolean', default: false },
  page: { type: 'boolean', default: false },
  only: { type: 'string' },
  engines: { type: 'string' },
  repeat: { type: 'string' },
  scale: { type: 'string', default: '100' },
  'boot-until': { type: 'string', default: 'BOOT-OK' },
  timeout: { type: 'string', default: '900' },
  count: { type: 'boolean', default: false },
  targets: { type: 'boolean', default: false },
  json: { type: 'string' },
  help: { type: 'boolean', short: 'h', default: false },
};

class UsageError extends Error {}

const say = (line) => process.stderr.write(`bench: ${line}\n`);

function whole(name, text) {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1 || value > 1e6)
    throw new UsageError(`--${name}: not a whole number: ${text}`);
  return value;
}

function list(name, text, known) {
  const names = text.split(',').filter((part) => part !== '');
  const unknown = names.filter((part) => !known.includes(part));
  if (names.length === 0 || unknown.length > 0)
    throw new UsageError(`--${name}: unknown: ${unknown.join(', ') || 'nothing'}`);
  return names;
}

function rowsOf(what, { peers, linux, kernel, containers, docker }) {
  if (docker) return DOCKER_ROWS;
  if (containers) return CONTAINER_ROWS;
  if (kernel) return KERNEL_ROWS;
  if (peers) return ['boot', ...PROGRAMS.map(({ name }) => name)];
  if (linux) return LINUX_ROWS;
  return what === 'core' ? LOOPS : WORKLOADS;
}

async function main() {
  let parsed;
  try {
    parsed = parseArgs({ options, allowPositionals: true });
  } catch (error) {
    throw new UsageError(error.message);
  }
  const { values, positionals } = parsed;
  if (values.help) return void process.stdout.write(USAGE);
  const [what, ...rest] = positionals;
  if (rest.length > 0 || (what !== undefined && what !== 'core'))
    throw new UsageError(`unknown: ${positionals.join(' ')}`);

  const modes =
    what === undefined &&
    !values.peers &&
    !values.disk &&
    !values.linux &&
    !values.restore &&
    !values.page &&
    !values.containers &&
    !values.docker &&
    !values.kernel;
  const repeat = whole('repeat', values.repeat ?? (modes ? '3' : values.restore ? '9' : '1'));
  const percent = whole('scale', values.scale);
  const rows = rowsOf(what, values);
  const only = values.only === undefined ? undefined : list('only', values.only, rows);
  let report;
  if (what === 'core') report = await measureCore({ only, seconds: 2 * repeat }, say);
  else if (values.disk) {
    const engines = list('engines', values.engines ?? PEER_DISKS.join(','), Object.keys(DISKS));
    report = await measureDisks({ engines, percent, repeat, timeout: whole('timeout', values.timeout) }, say);
  } else if (values.restore) {
    report = await measureRestores({ repeat, timeout: whole('timeout', values.timeout) }, say);
  } else if (values.page) {
    report = await measurePage({ repeat }, say);
  } else if (values.containers) {
    report = await measureContainers({ only, repeat, percent, timeout: whole('timeout', values.timeout) }, say);
  } else if (values.docker) {
    report = await measureDocker({ only, repeat, percent }, say);
  } else if (values.kernel) {
    report = await measureKernel({ only, repeat, percent, timeout: whole('timeout', values.timeout) }, say);
  } else if (values.linux) {
    report = await compareLinux({ only, repeat, percent, timeout: whole('timeout', values.timeout) }, say);
  } else if (modes) report = compareModes({ only, repeat, percent }, say);
  else {
    const engines = list('engines', values.engines ?? PEERS.join(','), Object.keys(ENGINES));
    const timeout = whole('timeout', values.timeout);
    const plan = { engines, only, repeat, percent, timeout, until: values['boot-until'], count: values.count };
    if (values.targets && !['tabvisor', 'v86'].every((name) => engines.includes(name)))
      throw new UsageError('--targets: they compare tabvisor with v86; --engines leaves one out');
    plan.targets = values.targets;
    report = await comparePeers(plan, say);
  }
  publish(report, values.json);
}

try {
  await main();
} catch (error) {
  process.stderr.write(`bench: ${error.message}\n${error instanceof UsageError ? `\n${USAGE}` : ''}`);
  process.exitCode = error instanceof UsageError ? 2 : 1;
}
