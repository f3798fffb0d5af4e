// GET /containers/X/stats. Docker Engine API, ContainerStats.
import type { Container } from '../engine/container.js';
import type { Engine, Statistics } from '../engine/engine.js';
import type { HttpAnswer, HttpRequest } from '../http/message.js';
import { dateOf, flagOf, line } from './answers.js';

const PERIOD = 1000;

function cpuOf(stats: Statistics) {
  return {
    cpu_usage: {
      total_usage: stats.cpu,
      usage_in_kernelmode: stats.kernelCpu,
      usage_in_usermode: stats.cpu - stats.kernelCpu,
    },
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
