// GET /containers/X/stats and top. Docker Engine API, ContainerStats, ContainerTop.
import type { Container } from '../engine/container.js';
import type { Engine, ProcessRow, Statistics } from '../engine/engine.js';
import { Conflict } from '../engine/errors.js';
import type { HttpAnswer, HttpRequest } from '../http/message.js';
import { dateOf, flagOf, json, line } from './answers.js';

const PERIOD = 1000;

function cpuOf(stats: Statistics) {
  return {
    cpu_usage: { total_usage: stats.cpu, usage_in_kernelmode: 0, usage_in_usermode: stats.cpu },
    system_cpu_usage: stats.systemCpu,
    online_cpus: 1,
    throttling_data: {
      periods: stats.periods,
      throttled_periods: stats.throttledPeriods,
      throttled_time: stats.throttledNanoseconds,
    },
  };
}

const NO_CPU = {
  cpu_usage: { total_usage: 0, usage_in_kernelmode: 0, usage_in_usermode: 0 },
  throttling_data: { periods: 0, throttled_periods: 0, throttled_time: 0 },
};

interface Sample {
  at: number;
  stats: Statistics;
}

function shown(container: Container, { at, stats }: Sample, before: Sample | undefined) {
  const networks = Object.entries(stats.interfaces).map(([name, traffic]) => [
    name,
    {
      ...{ rx_bytes: traffic.receivedBytes, rx_packets: traffic.receivedPackets, rx_errors: 0, rx_dropped: 0 },
      ...{ tx_bytes: traffic.sentBytes, tx_packets: traffic.sentPackets, tx_errors: 0, tx_dropped: 0 },
    },
  ]);
  return {
    name: `/${container.name}`,
    id: container.id,
    read: dateOf(at),
    preread: dateOf(before?.at ?? 0),
    pids_stats: { current: stats.pids, ...(stats.pidsLimit !== undefined && { limit: stats.pidsLimit }) },
    blkio_stats: diskStats(stats),
    num_procs: 0,
    storage_stats: {},
    cpu_stats: cpuOf(stats),
    precpu_stats: before ? cpuOf(before.stats) : NO_CPU,
    memory_stats: { usage: stats.memory, stats: stats.memoryStat, limit: stats.memoryLimit },
    ...(networks.length > 0 && { networks: Object.fromEntries(networks) }),
  };
}

/** Docker's words of cgroup v2: operations and bytes of each disk. */
function diskStats({ disks }: Statistics) {
  return {
    io_service_bytes_recursive: disks.flatMap(({ major, minor, readBytes, writtenBytes }) => [
      { major, minor, op: 'read', value: readBytes },
      { major, minor, op: 'write', value: writtenBytes },
    ]),
    io_serviced_recursive: disks.flatMap(({ major, minor, readOperations, writtenOperations }) => [
      { major, minor, op: 'read', value: readOperations },
      { major, minor, op: 'write', value: writtenOperations },
    ]),
  };
}

export function statsOf(engine: Engine, container: Container, request: HttpRequest): HttpAnswer {
  const stream = flagOf(request, 'stream', true);
  const single = flagOf(request, 'one-shot');
  const sample = async (): Promise<Sample | undefined> =>
    container.running
      ? { at: engine.host.date(), stats: await engine.node.call('stats', { id: container.id }) }
      : undefined;
  return {
    status: 200,
    headers: { 'Content-Type': 'application/json' },
    async body(out) {
      let before: Sample | undefined;
      let wake = (): void => {};
      out.onClose(() => wake());
      const pause = (): Promise<void> =>
        new Promise((resolve) => {
          const cancel = engine.host.after(PERIOD, resolve);
          wake = () => {
            cancel();
            resolve();
          };
        });
      // one answer alone compares two moments, if it may take the time
      if (!stream && !single) {
        before = await sample();
        if (before) await pause();
      }
      while (!out.closed) {
        const now = await sample();
        if (!now) {
          if (!engine.containers.has(container.id)) return;
          if (!stream || !before) await out.write(line(stopped(container)));
          if (!stream) return;
        } else if (!(await out.write(line(shown(container, now, before))))) return;
        if (!stream) return;
        before = now;
        await pause();
      }
    },
  };
}

/** Of a container that does not run there is only its name. */
const stopped = ({ id, name }: Container) => ({
  ...{ name: `/${name}`, id, read: dateOf(0), preread: dateOf(0), pids_stats: {}, blkio_stats: {}, num_procs: 0 },
  ...{ storage_stats: {}, cpu_stats: NO_CPU, precpu_stats: NO_CPU, memory_stats: {} },
});

type Column = (row: ProcessRow) => string;
const clock = (milliseconds: number): string => new Date(milliseconds).toISOString().slice(11, 16);
const time = (nanoseconds: number): string => {
  const seconds = Math.floor(nanoseconds / 1e9);
  const part = (value: number): string => String(value).padStart(2, '0');
  return `${part(Math.floor(seconds / 3600))}:${part(Math.floor(seconds / 60) % 60)}:${part(seconds % 60)}`;
};
const COLUMNS: Readonly<Record<string, readonly [title: string, column: Column]>> = {
  user: ['USER', ({ uid }) => (uid === 0 ? 'root' : String(uid))],
  uid: ['UID', ({ uid }) => (uid === 0 ? 'root' : String(uid))],
  pid: ['PID', ({ pid }) => String(pid)],
  ppid: ['PPID', ({ parent }) => String(parent)],
  c: ['C', () => '0'],
  stime: ['STIME', ({ started }) => clock(started)],
  tty: ['TTY', ({ terminal }) => terminal],
  time: ['TIME', ({ cpu }) => time(cpu)],
  cmd: ['CMD', ({ command }) => command],
  args: ['COMMAND', ({ command }) => command],
  command: ['COMMAND', ({ command }) => command],
  comm: ['COMMAND', ({ command }) => command.split(' ')[0]!.replace(/^.*\//, '')],
};
const FULL = ['uid', 'pid', 'ppid', 'c', 'stime', 'tty', 'time', 'cmd'];

/** The columns that ps(1) would show for `-ef`, or for `-o`. */
function columnsOf(args: string): readonly (readonly [string, Column])[] {
  const asked =
    /-o\s*(\S+)/.exec(args)?.[1]?.split(',') ??
    (/aux/.test(args) ? ['user', 'pid', 'tty', 'stime', 'time', 'command'] : FULL);
  return asked.map((name) => {
    const column = Object.hasOwn(COLUMNS, name) ? COLUMNS[name] : undefined;
    if (!column) throw new Conflict(`ps: there is no column '${name}'`);
    return column;
  });
}

export async function topOf(engine: Engine, container: Container, request: HttpRequest): Promise<HttpAnswer> {
  if (!container.running) throw new Conflict(`container ${container.id} is not running`);
  const columns = columnsOf(request.query.get('ps_args') ?? '-ef');
  const rows = await engine.node.call('processes', { id: container.id });
  return json({
    Titles: columns.map(([title]) => title),
    Processes: rows.map((row) => columns.map(([, column]) => column(row))),
  });
}
