// The options of `tabvisor oci update` as resources of a config. runc-update(8).
import type { Command } from 'commander';
import { InputError } from '../../base/errors.js';
import type { ResourcesSpec } from '../../base/runtime-spec.js';
import { readJson } from './bundle.js';

export interface UpdateOptions {
  resources?: string;
  memory?: string;
  memoryReservation?: string;
  memorySwap?: string;
  cpuQuota?: string;
  cpuPeriod?: string;
  cpuShare?: string;
  cpusetCpus?: string;
  pidsLimit?: string;
  blkioWeight?: string;
  cpusetMems?: string;
  cpuRtPeriod?: string;
  cpuRtRuntime?: string;
  l3CacheSchema?: string;
  memBwSchema?: string;
}

/** What there is nothing of in our kernel, and why. */
const REFUSED = {
  cpusetMems: ['cpuset-mems', 'there is one node of memory'],
  cpuRtPeriod: ['cpu-rt-period', 'there is no real-time class with a budget'],
  cpuRtRuntime: ['cpu-rt-runtime', 'there is no real-time class with a budget'],
  l3CacheSchema: ['l3-cache-schema', 'caches of the host are not shared out'],
  memBwSchema: ['mem-bw-schema', 'the bandwidth of memory is not shared out'],
} as const;

export function updateOptions(command: Command): void {
  command
    .option('-r, --resources <file>', 'resources of a config, as JSON; -: standard input')
    .option('--memory <bytes>', 'memory')
    .option('--memory-reservation <bytes>', 'memory that is not taken from it')
    .option('--memory-swap <bytes>', 'memory and swap; there is no swap')
    .option('--cpu-quota <us>', 'of a period')
    .option('--cpu-period <us>', 'a period')
    .option('--cpu-share <n>', 'weight against others')
    .option('--cpuset-cpus <list>', 'processors')
    .option('--pids-limit <n>', 'processes and threads')
    .option('--blkio-weight <10..1000>', 'weight against others at disks');
  for (const [name, why] of Object.values(REFUSED)) command.option(`--${name} <value>`, `refused: ${why}`);
}

/** Throws InputError. */
export function resourcesOf(given: UpdateOptions): ResourcesSpec {
  if (given.resources !== undefined)
    return readJson(given.resources === '-' ? '/dev/stdin' : given.resources) as ResourcesSpec;
  for (const [member, [name, why]] of Object.entries(REFUSED)) {
    const value = given[member as keyof typeof REFUSED];
    // engines give what is not asked for as nothing
    if (value && value !== '0') throw new InputError(`update: --${name} ${value}: ${why}`);
  }
  const number = (text: string | undefined): number | undefined => {
    if (text === undefined) return undefined;
    if (!/^-?\d{1,15}$/.test(text)) throw new InputError(`update: '${text}' is no number`);
    return Number(text);
  };
  return {
    memory: {
      limit: number(given.memory),
      reservation: number(given.memoryReservation),
      swap: number(given.memorySwap),
    },
    cpu: {
      quota: number(given.cpuQuota),
      period: number(given.cpuPeriod),
      shares: number(given.cpuShare),
      cpus: given.cpusetCpus,
    },
    pids: { limit: number(given.pidsLimit) },
    blockIO: { weight: number(given.blkioWeight) },
  };
}
