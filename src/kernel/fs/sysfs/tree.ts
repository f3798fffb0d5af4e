// What is in sysfs: the processor, memory's one node, clocks, the devices of /dev and the network's interfaces. Linux
// Documentation/ABI/{stable,testing}/sysfs-*. A directory that only marks a place is empty, as on a machine without such devices.
import { majorOf, minorOf } from '../../abi/device-number.js';
import { CGROUP_OPTIONS, DELEGATED } from '../../cgroup/features.js';
import { DEVICE_NODES } from '../devices.js';
import { diskLinks, diskNumbers, disks } from './disks.js';
import { interfaces, interfaceLinks } from './interfaces.js';
import { changing, directory, link, type SysNode, value } from './node.js';
import type { Sysfs } from './sysfs.js';

// ---- system devices -------------------------------------------------------------------------------------------------------------

/** There is one processor. */
const CPU0 = directory({
  node0: link('../../node/node0'),
  subsystem: link('../../../../bus/cpu'),
  topology: directory(
    Object.fromEntries([
      ...['core_id', 'die_id', 'physical_package_id'].map((name) => [name, value(0)]),
      ...['core_cpus', 'core_siblings', 'die_cpus', 'package_cpus', 'thread_siblings'].flatMap((name) => [
        [name, value('1')],
        [`${name}_list`, value('0')],
      ]),
    ]),
  ),
});

const kilobytes = (bytes: number): string => `${String(Math.floor(bytes / 1024)).padStart(14)} kB`;

function nodeMemory({ kernel: { frames } }: Sysfs): string {
  const total = frames.count * 4096;
  const free = frames.free * 4096;
  const line = (name: string, bytes: number): string => `Node 0 ${`${name}:`.padEnd(9)} ${kilobytes(bytes)}\n`;
  return line('MemTotal', total) + line('MemFree', free) + line('MemUsed', total - free);
}

const SYSTEM = directory({
  clocksource: directory({
    clocksource0: directory({ available_clocksource: value('tsc'), current_clocksource: value('tsc') }),
  }),
  cpu: directory({
    cpu0: CPU0,
    isolated: value(''),
    kernel_max: value(0),
    offline: value(''),
    online: value(0),
    possible: value(0),
    present: value(0),
    smt: directory({ active: value(0), control: value('notsupported') }),
  }),
  node: directory({
    has_cpu: value(0),
    has_memory: value(0),
    has_normal_memory: value(0),
    node0: directory({
      cpu0: link('../../cpu/cpu0'),
      cpulist: value(0),
      cpumap: value(1),
      distance: value(10),
      meminfo: { show: nodeMemory },
    }),
    online: value(0),
    possible: value(0),
  }),
});

// ---- devices --------------------------------------------------------------------------------------------------------------------

interface CharacterDevice {
  name: string;
  number: string;
  kind: 'mem' | 'tty';
  node: SysNode;
}

const DEVICES: readonly CharacterDevice[] = [...DEVICE_NODES, ['ptmx', 0x502, 0o666] as const].map(
  ([name, rdev, mode]) => {
    const [major, minor] = [majorOf(rdev), minorOf(rdev)];
    const kind = major === 1 ? 'mem' : 'tty';
    const uevent = `MAJOR=${major}\nMINOR=${minor}\nDEVNAME=${name}\nDEVMODE=0${mode.toString(8)}`;
    const node = directory({
      dev: value(`${major}:${minor}`),
      subsystem: link(`../../../../class/${kind}`),
      uevent: value(uevent, 0o644),
    });
    return { name, number: `${major}:${minor}`, kind, node };
  },
);

function devicesOf(kind: CharacterDevice['kind']): SysNode {
  return directory(
    Object.fromEntries(DEVICES.filter((one) => one.kind === kind).map(({ name, node }) => [name, node])),
  );
}

function classOf(kind: CharacterDevice['kind']): SysNode {
  const links = DEVICES.filter((one) => one.kind === kind).map(({ name }) => [
    name,
    link(`../../devices/virtual/${kind}/${name}`),
  ]);
  return directory(Object.fromEntries(links));
}

// ---- the rest -------------------------------------------------------------------------------------------------------------------

const KERNEL = directory({
  address_bits: value(32),
  cgroup: directory({
    delegate: value(DELEGATED.join('\n')),
    features: value(Object.keys(CGROUP_OPTIONS).join('\n')),
  }),
  cpu_byteorder: value('little'),
  debug: directory(),
  fscaps: value(1),
  mm: directory({
    hugepages: directory(),
    transparent_hugepage: directory({
      defrag: value('always defer defer+madvise madvise [never]'),
      enabled: value('always madvise [never]'),
      hpage_pmd_size: value(2097152),
      shmem_enabled: value('always within_size advise [never] deny force'),
      use_zero_page: value(0),
    }),
  }),
  profiling: value(0),
  security: directory(),
  tracing: directory(),
  uevent_seqnum: value(0),
});

export const ROOT = directory({
  block: changing(diskLinks(1)),
  bus: directory({ cpu: directory({ devices: directory({ cpu0: link('../../../devices/system/cpu/cpu0') }) }) }),
  class: directory({
    block: changing(diskLinks(2)),
    mem: classOf('mem'),
    misc: directory(),
    net: changing(interfaceLinks),
    tty: classOf('tty'),
  }),
  dev: directory({
    block: changing(diskNumbers),
    char: directory(
      Object.fromEntries(
        DEVICES.map(({ name, number, kind }) => [number, link(`../../devices/virtual/${kind}/${name}`)]),
      ),
    ),
  }),
  devices: directory({
    system: SYSTEM,
    virtual: directory({
      block: changing(disks),
      mem: devicesOf('mem'),
      net: changing(interfaces),
      tty: devicesOf('tty'),
    }),
  }),
  firmware: directory(),
  fs: directory({ cgroup: directory() }),
  kernel: KERNEL,
  module: directory(),
  power: directory(),
});
