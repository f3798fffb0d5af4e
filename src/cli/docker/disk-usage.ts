// system df: what images, containers, volumes and caches of builds need, together or each. Docker docs, "docker system df".
import { decimalSize, spanOf } from '../../base/units.js';
import type { Json } from './api-client.js';
import type { DockerCommand } from './command.js';
import { flag } from './flags.js';
import { host } from './host.js';
import { imageShape, rowsOf } from './images.js';
import { psShape, shortId } from './ps.js';
import { formatted, rowOf, type Shape, shownOnce } from './tabular.js';
import { struct } from './template/print.js';
import { goTime } from './times.js';
import { volumeShape } from './volumes.js';

interface Usage {
  type: string;
  total: number;
  active: number;
  size: number;
  reclaimable: number;
}

const usageShape: Shape<Usage> = {
  type: '*formatter.diskUsageContext',
  members: {
    Type: ['TYPE', ({ type }) => type],
    TotalCount: ['TOTAL', ({ total }) => String(total)],
    Active: ['ACTIVE', ({ active }) => String(active)],
    Size: ['SIZE', ({ size }) => decimalSize(size, 4)],
    Reclaimable: [
      'RECLAIMABLE',
      ({ size, reclaimable, type }) => {
        const shown = decimalSize(Math.max(0, reclaimable), 4);
        return size > 0 && type !== 'Build Cache'
          ? `${shown} (${Math.trunc((100 * Math.max(0, reclaimable)) / size)}%)`
          : shown;
      },
    ],
  },
  table: '{{.Type}}\t{{.TotalCount}}\t{{.Active}}\t{{.Size}}\t{{.Reclaimable}}',
};

const total = (list: readonly Json[], value: (one: Json) => number): number =>
  list.reduce((sum, one) => sum + value(one), 0);

const cacheShape = (full: boolean): Shape<Json> => ({
  type: '*formatter.buildCacheContext',
  members: {
    ID: ['CACHE ID', ({ ID, InUse }) => `${full ? ID : shortId(ID)}${InUse ? '*' : ''}`],
    Parent: ['PARENT', ({ Parent = '' }) => (full ? Parent : shortId(Parent))],
    CacheType: ['CACHE TYPE', ({ Type }) => Type],
    Description: ['DESCRIPTION', ({ Description }) => Description],
    InUse: ['', ({ InUse }) => String(InUse)],
    Shared: ['SHARED', ({ Shared }) => String(Shared)],
    Size: ['SIZE', ({ Size }) => decimalSize(Size, 3)],
    CreatedAt: ['CREATED AT', ({ CreatedAt }) => goTime(CreatedAt)],
    CreatedSince: ['CREATED', ({ CreatedAt }) => ago(CreatedAt)],
    LastUsedAt: ['LAST USED AT', ({ LastUsedAt }) => (LastUsedAt ? goTime(LastUsedAt) : '')],
    LastUsedSince: ['LAST USED', ({ LastUsedAt }) => (LastUsedAt ? ago(LastUsedAt) : '')],
    UsageCount: ['USAGE', ({ UsageCount }) => String(UsageCount)],
  },
  table: '{{.ID}}\t{{.CacheType}}\t{{.Size}}\t{{.CreatedSince}}\t{{.LastUsedSince}}\t{{.UsageCount}}\t{{.Shared}}',
});
const ago = (time: string): string => `${spanOf(Date.now() - Date.parse(time))} ago`;

const IMAGES =
  'table {{.Repository}}\t{{.Tag}}\t{{.ID}}\t{{.CreatedSince}}\t{{.Size}}\t{{.SharedSize}}\t{{.UniqueSize}}\t{{.Containers}}';
const CONTAINERS =
  'table {{.ID}}\t{{.Image}}\t{{.Command}}\t{{.LocalVolumes}}\t{{.Size}}\t{{.RunningFor}}\t{{.Status}}\t{{.Names}}';
const VOLUMES = 'table {{.Name}}\t{{.Links}}\t{{.Size}}';

/** All that there is, as tables, or by a template that has them as lists. */
function eachOf(told: Json, format: string): string {
  const full = format !== '';
  const images = ((told.Images ?? []) as Json[]).map((image) => ({ ...rowsOf(image, false)[0]!, digest: '' }));
  // what their images have is told of there
  const containers = ((told.Containers ?? []) as Json[]).map((one) => ({ ...one, SizeRootFs: 0 }));
  const [volumes, caches]: Json[][] = [told.Volumes ?? [], told.BuildCache ?? []];
  const shapes = [imageShape(full, false), psShape(full, false), volumeShape, cacheShape(full)] as const;
  if (full) {
    const all = {
      Images: images.map((row) => rowOf(shapes[0], row)),
      Containers: containers.map((row) => rowOf(shapes[1], row)),
      Volumes: volumes!.map((row) => rowOf(shapes[2], row)),
      BuildCache: caches!.map((row) => rowOf(shapes[3], row)),
    };
    return shownOnce(format === 'json' ? '{{json .}}' : format, struct(all, '*formatter.diskUsageContext'));
  }
  const cached = decimalSize(
    total(caches!, ({ Size, Shared }) => (Shared ? 0 : Size)),
    4,
  );
  return [
    `Images space usage:\n\n${formatted(shapes[0], images, IMAGES)}`,
    `Containers space usage:\n\n${formatted(shapes[1], containers, CONTAINERS)}`,
    `Local Volumes space usage:\n\n${formatted(shapes[2], volumes!, VOLUMES)}`,
    `Build cache usage: ${cached}\n\n${formatted(shapes[3], caches!, '')}`,
  ].join('\n');
}

export const dfCommand: DockerCommand = {
  name: 'system df',
  usage: '',
  what: 'What images, containers and volumes need',
  flags: [
    flag('--format', 'string', "json, a Go template, or 'table TEMPLATE'"),
    flag('-v, --verbose', 'bool', 'each of them'),
  ],
  least: 0,
  most: 0,
  async run({ values, engine }) {
    const told = await (await engine()).get('/system/df');
    const format = values.text('format');
    if (values.is('verbose')) return void host.stdout.write(eachOf(told, format));
    const [images, containers, volumes, caches]: Json[][] = [
      told.Images ?? [],
      told.Containers ?? [],
      told.Volumes ?? [],
      told.BuildCache ?? [],
    ];
    const used = images!.filter(({ Containers }) => Containers > 0);
    const running = containers!.filter(({ State }) => /running|paused|restarting/.test(State));
    const isLinked = ({ UsageData }: Json): boolean => UsageData?.RefCount > 0;
    const volumeSize = ({ UsageData }: Json): number => Math.max(0, UsageData?.Size ?? 0);
    const layers = told.LayersSize ?? 0;
    const kept = total(used, ({ Size, SharedSize }) => (Size === -1 || SharedSize === -1 ? 0 : Size - SharedSize));
    const list: Usage[] = [
      { type: 'Images', total: images!.length, active: used.length, size: layers, reclaimable: layers - kept },
      {
        ...{
          type: 'Containers',
          total: containers!.length,
          active: running.length,
          size: total(containers!, ({ SizeRw = 0 }) => SizeRw),
        },
        reclaimable: total(containers!, ({ SizeRw = 0 }) => SizeRw) - total(running, ({ SizeRw = 0 }) => SizeRw),
      },
      {
        ...{
          type: 'Local Volumes',
          total: volumes!.length,
          active: volumes!.filter(isLinked).length,
          size: total(volumes!, volumeSize),
        },
        reclaimable: total(
          volumes!.filter((one) => !isLinked(one)),
          volumeSize,
        ),
      },
      {
        ...{
          type: 'Build Cache',
          total: caches!.length,
          active: caches!.filter(({ InUse }) => InUse).length,
          size: total(caches!, ({ Size }) => Size),
        },
        reclaimable: total(
          caches!.filter(({ InUse, Shared }) => !InUse && !Shared),
          ({ Size }) => Size,
        ),
      },
    ];
    host.stdout.write(formatted(usageShape, list, format));
  },
};
