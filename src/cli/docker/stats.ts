// stats: what containers use, again and again. Docker docs, "docker container stats"; Engine API, ContainerStats.
import { decimalSize } from '../../base/units.js';
import { type ApiClient, jsonLines, type Json, part } from './api-client.js';
import type { DockerCommand } from './command.js';
import { Refused } from './complaint.js';
import { flag } from './flags.js';
import { shortId } from './ps.js';
import { formatted, type Shape } from './tabular.js';
import { host } from './host.js';

interface Row {
  container: string;
  sample?: Json;
}

const BINARY = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];

/** go-units, BytesSize: powers of 1024, four digits. */
export function binarySize(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && unit < BINARY.length - 1) {
    value /= 1024;
    unit++;
  }
  return `${Number(value.toPrecision(4))}${BINARY[unit]}`;
}

/** Share of one CPU, in percent. */
function cpuOf({ cpu_stats: now, precpu_stats: before }: Json): number {
  const used = now.cpu_usage.total_usage - before.cpu_usage.total_usage;
  const system = (now.system_cpu_usage ?? 0) - (before.system_cpu_usage ?? 0);
  const cpus = now.online_cpus || now.cpu_usage.percpu_usage?.length || 1;
  return system > 0 && used > 0 ? (used / system) * cpus * 100 : 0;
}

function memoryOf({ memory_stats: { usage = 0, stats = {} } }: Json): number {
  const cache = stats.total_inactive_file ?? stats.inactive_file ?? 0;
  return cache < usage ? usage - cache : usage;
}

const sum = (list: Json[], value: (one: Json) => number): number => list.reduce((total, one) => total + value(one), 0);
const networkOf = ({ networks }: Json): [number, number] => {
  const all = Object.values(networks ?? {});
  return [sum(all, (one) => one.rx_bytes), sum(all, (one) => one.tx_bytes)];
};
const blockOf = ({ blkio_stats }: Json): [number, number] => {
  const all = (blkio_stats?.io_service_bytes_recursive ?? []) as Json[];
  const of = (letter: string): number =>
    sum(
      all.filter(({ op }) => op[0]?.toLowerCase() === letter),
      ({ value }) => value,
    );
  return [of('r'), of('w')];
};

const NONE = '--';
const both = ([one, other]: [number, number]): string => `${decimalSize(one)} / ${decimalSize(other)}`;

const shape = (full: boolean): Shape<Row> => ({
  type: '*container.statsContext',
  members: {
    Container: ['CONTAINER', ({ container }) => container],
    Name: ['NAME', ({ sample }) => sample?.name?.replace(/^\//, '') || NONE],
    ID: [
      'CONTAINER ID',
      ({ sample, container }) => (full ? (sample?.id ?? container) : shortId(sample?.id ?? container)),
    ],
    CPUPerc: ['CPU %', ({ sample }) => (sample ? `${cpuOf(sample).toFixed(2)}%` : NONE)],
    MemUsage: [
      'MEM USAGE / LIMIT',
      ({ sample }) =>
        sample
          ? `${binarySize(memoryOf(sample))} / ${binarySize(sample.memory_stats.limit ?? 0)}`
          : `${NONE} / ${NONE}`,
    ],
    MemPerc: [
      'MEM %',
      ({ sample }) =>
        sample
          ? `${(sample.memory_stats.limit ? (100 * memoryOf(sample)) / sample.memory_stats.limit : 0).toFixed(2)}%`
          : NONE,
    ],
    NetIO: ['NET I/O', ({ sample }) => (sample ? both(networkOf(sample)) : NONE)],
    BlockIO: ['BLOCK I/O', ({ sample }) => (sample ? both(blockOf(sample)) : NONE)],
    PIDs: ['PIDS', ({ sample }) => (sample ? String(sample.pids_stats.current ?? 0) : NONE)],
  },
  table: '{{.ID}}\t{{.Name}}\t{{.CPUPerc}}\t{{.MemUsage}}\t{{.MemPerc}}\t{{.NetIO}}\t{{.BlockIO}}\t{{.PIDs}}',
});

async function once(api: ApiClient, container: string): Promise<Row> {
  return { container, sample: await api.get(`/containers/${part(container)}/stats`, { stream: '0' }) };
}

export const statsCommand: DockerCommand = {
  name: 'stats',
  usage: '[CONTAINER...]',
  what: 'What containers use, shown again and again',
  aliases: ['container stats', 'stats'],
  flags: [
    flag('-a, --all', 'bool', 'also those that do not run'),
    flag('--format', 'string', "json, a Go template, or 'table TEMPLATE'"),
    flag('--no-stream', 'bool', 'once'),
    flag('--no-trunc', 'bool', 'all of each ID'),
  ],
  least: 0,
  async run({ values, args, engine }) {
    const api = await engine();
    const format = values.text('format');
    const print = (rows: readonly Row[]): string => formatted(shape(values.is('no-trunc')), rows, format);
    const listed = async (): Promise<string[]> =>
      args.length > 0
        ? [...args]
        : (await api.get('/containers/json', { all: values.is('all') })).map(({ Id }: { Id: string }) => shortId(Id));
    if (values.is('no-stream')) {
      host.stdout.write(print(await Promise.all((await listed()).map((one) => once(api, one)))));
      return;
    }
    await follow(api, listed, args.length > 0, print);
  },
};

/** A screen for each second in which something is new. */
async function follow(
  api: ApiClient,
  listed: () => Promise<string[]>,
  named: boolean,
  print: (rows: readonly Row[]) => string,
): Promise<void> {
  const rows = new Map<string, Row>();
  const streams = new Map<string, Promise<void>>();
  let lost: unknown;
  const watch = async (container: string): Promise<void> => {
    rows.set(container, { container });
    try {
      const { body } = await api.send('GET', `/containers/${part(container)}/stats`, { stream: '1' });
      for await (const sample of jsonLines(body)) rows.set(container, { container, sample });
    } catch (error) {
      // of those that are listed one may be gone since; of an engine that is gone all are
      if (named || !(error instanceof Refused)) lost = error;
    } finally {
      rows.delete(container);
      streams.delete(container);
    }
  };
  for (;;) {
    for (const container of rows.size === 0 || !named ? await listed() : [])
      if (!streams.has(container)) streams.set(container, watch(container));
    await Promise.race([new Promise((resolve) => void setTimeout(resolve, 1000)), ...streams.values()]);
    if (lost !== undefined) throw lost;
    const screen = print([...rows.values()]);
    host.stdout.write(host.stdout.isTTY ? `\x1b[H${screen.replaceAll('\n', '\x1b[K\n')}\x1b[J` : screen);
    if (named && rows.size === 0) return;
  }
}
