// Debian's kernel in the three modes: boot, programs that live by the kernel, a disk, a network.
// Ours. peers.mjs, disk.mjs and guest-run.mjs measure; here is what they are asked, and one report of it all.
import { once } from 'node:events';
import { createServer } from 'node:http';
import { barChart } from './chart.mjs';
import { measureDisks } from './disk.mjs';
import { ENGINES, provisionedGuest } from './engines.mjs';
import { runGuest } from './guest-run.mjs';
import { comparePeers } from './peers.mjs';
import { summary } from './statistics.mjs';
import { digits } from './table.mjs';

/** Mode by engine of engines.mjs; the first is what the others are compared with. */
const ENGINE_OF = { full: 'tabvisor-full', hw: 'tabvisor', para: 'tabvisor-para' };
const DISK_OF = { full: 'full-dma', hw: 'hw-dma', para: 'para' };
const MODES = Object.keys(ENGINE_OF);
const MIB = 1 << 20;
const DOWNLOAD = 8;

const ide = { initrd: 'ide', load: 'load-ide && modprobe ne2k-pci' };
const NETWORK_OF = { full: ide, hw: ide, para: { initrd: 'virtio', load: 'load-virtio' } };

/** The rows that `--only` may name. */
export const LINUX_ROWS = ['boot', 'syscall', 'pipe', 'fork', 'pagefault', 'disk', 'network'];

/** `options`: {only: rows or undefined, repeat, percent, timeout}. `say` is told of each measurement. */
export async function compareLinux(options, say) {
  const wanted = LINUX_ROWS.filter((row) => options.only?.includes(row) ?? true);
  const programs = wanted.filter((row) => row !== 'disk' && row !== 'network');
  const plan = { ...options, engines: Object.values(ENGINE_OF), only: programs, until: 'BOOT-OK', count: false };
  const peers = await comparePeers(plan, say);
  const disks = wanted.includes('disk')
    ? await measureDisks({ ...options, engines: Object.values(DISK_OF) }, say)
    : undefined;
  const network = wanted.includes('network') ? await measureNetwork(options, say) : undefined;
  return {
    name: 'linux',
    title: "Three modes of virtualization, Debian's kernel",
    machine: peers.machine,
    notes: [
      ...peers.notes,
      'tabvisor-full: --mode full, IDE by DMA, NE2000; tabvisor: --mode hw, the same devices; tabvisor-para: --mode para, virtio, KVM clock',
    ],
    tables: [
      ...(programs.length > 0 ? peers.tables : []),
      ...(disks ? disks.tables : []),
      ...(network ? [networkTable(network)] : []),
    ],
    chart: chartOf(peers.data.times, network),
    data: { options, times: peers.data.times, peaks: peers.data.peaks, disks: disks?.data, network },
  };
}

/** A file of some MiB from a server on the host; mode to summaries of CPU and wall seconds. */
async function measureNetwork({ repeat, percent, timeout }, say) {
  const bytes = Math.max(1, Math.round((DOWNLOAD * percent) / 100)) * MIB;
  const { port, close } = await serveDownload(bytes);
  const runs = Object.fromEntries(MODES.map((mode) => [mode, []]));
  try {
    for (let round = 0; round < repeat; round++) {
      for (const mode of MODES) {
        runs[mode].push(await download(mode, port, timeout));
        say(`${mode} ${round + 1}/${repeat}: network ${digits(runs[mode].at(-1).cpu)} CPU s`);
      }
    }
  } finally {
    close();
  }
  const of = (mode, value) => summary(runs[mode].map((run) => run[value]));
  return {
    bytes,
    modes: Object.fromEntries(MODES.map((mode) => [mode, { cpu: of(mode, 'cpu'), wall: of(mode, 'wall') }])),
  };
}

/** A server of the host's that answers each request with so many bytes. */
export async function serveDownload(bytes) {
  const server = createServer((_, response) => response.end(Buffer.alloc(bytes, 'tabvisor')));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { port: server.address().port, close: () => server.close() };
}

async function download(mode, port, timeout) {
  const provisioned = provisionedGuest();
  const { initrd, load } = NETWORK_OF[mode];
  const engine = ENGINES[ENGINE_OF[mode]];
  const guest = { ...provisioned, initrd: provisioned[initrd], memory: 256 };
  const command = (given) => [...engine.command(given), '--net', `user,allow=127.0.0.1:${port}`];
  const steps = [
    ...[load, 'ip addr add 10.0.2.15/24 dev eth0', 'ip link set eth0 up', 'ping -c 1 10.0.2.2'],
    ...['echo BEGIN name=network', `wget -q -O /dev/null http://10.0.2.2:${port}/`],
    'echo RESULT name=network checksum=0 seconds=0',
  ];
  const plan = { run: steps.join(' && '), programs: ['network'], until: 'BOOT-OK', timeout };
  const { programs } = await runGuest({ ...engine, command }, guest, plan);
  return programs.network;
}

function networkTable({ bytes, modes }) {
  const rows = MODES.map((mode) => {
    const { cpu, wall } = modes[mode];
    return [mode, digits(cpu.median), digits(wall.median), digits(bytes / MIB / wall.median)];
  });
  return { title: `${bytes / MIB} MiB by HTTP`, rows: [['mode', 'CPU seconds', 'seconds', 'MiB/s'], ...rows] };
}

/** By CPU seconds; full is the line at 1. */
function chartOf(times, network) {
  const cpu = Object.entries(times).map(([label, by]) => [label, (mode) => by[ENGINE_OF[mode]].cpu.median]);
  if (network) cpu.push(['network', (mode) => network.modes[mode].cpu.median]);
  const series = MODES.filter((mode) => mode !== 'full');
  const groups = cpu
    .filter(([, of]) => MODES.every((mode) => of(mode) > 0))
    .map(([label, of]) => ({ label, bars: series.map((mode) => ({ series: mode, value: of('full') / of(mode) })) }));
  if (groups.length === 0) return undefined;
  return barChart({ title: "Debian's kernel: CPU seconds of mode full, which is x 1, by those of", series, groups });
}
