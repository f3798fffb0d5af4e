// What a container may use: what is asked for as config.json has it, what of it is refused or is taken and does not do all that it says, and
// how it is changed. Docker Engine API, definition Resources; Docker docs, "Resource constraints". A node has one processor, one node of memory
// and no swap. Messages are dockerd's.
import type { ResourcesSpec } from '../base/runtime-spec.js';
import { blockIoOf } from './block-io.js';
import type { Resources } from './container-config.js';
import { Conflict, InvalidParameter } from './errors.js';

const PERIOD = 100_000;
const PERIOD_MIN = 1000;
const PERIOD_MAX = 1_000_000;
const MEMORY_MIN = 6 << 20;
/** What there is, as a list. */
const AVAILABLE = '0';
const LIST = /^\d{1,9}(-\d{1,9})?(,\d{1,9}(-\d{1,9})?)*$/;

const refuse = (message: string): never => {
  throw new InvalidParameter(message);
};

/** Throws InvalidParameter. */
export function checkResources(asked: Resources): void {
  checkMemory(asked);
  checkCpu(asked);
}

/** What is taken, and does not do all that it says. */
export function warningsOf(asked: Resources): string[] {
  const notHere = (what: string): string =>
    `Your kernel does not support ${what} capabilities or the cgroup is not mounted.`;
  const warnings: string[] = [];
  if (asked.NanoCpus > 1e9) warnings.push('The node has one processor: --cpus above 1 limits nothing.');
  if (asked.MemorySwap > 0 && asked.MemorySwap > asked.Memory)
    warnings.push('Your kernel does not support swap limit capabilities. Limitation discarded.');
  if ((asked.MemorySwappiness ?? -1) >= 0)
    warnings.push(`${notHere('memory swappiness')} Memory swappiness discarded.`);
  if (asked.KernelMemory > 0) warnings.push(`${notHere('kernel memory limit')} Limitation discarded.`);
  if (asked.OomKillDisable) warnings.push('Your kernel does not support OomKillDisable. OomKillDisable discarded.');
  return warnings;
}

function checkMemory({ Memory, MemorySwap, MemoryReservation, MemorySwappiness }: Resources): void {
  if (Memory !== 0 && Memory < MEMORY_MIN) refuse('Minimum memory limit allowed is 6MB');
  if (Memory === 0 && MemorySwap > 0)
    refuse('You should always set the Memory limit when using Memoryswap limit, see usage');
  if (MemorySwap > 0 && MemorySwap < Memory)
    refuse('Minimum memoryswap limit should be larger than memory limit, see usage');
  if (MemoryReservation !== 0 && MemoryReservation < MEMORY_MIN) refuse('Minimum memory reservation allowed is 6MB');
  if (Memory > 0 && MemoryReservation > Memory)
    refuse('Minimum memory limit can not be less than memory reservation limit, see usage');
  if (MemorySwappiness !== null && (MemorySwappiness < -1 || MemorySwappiness > 100))
    refuse(`invalid value: ${MemorySwappiness}, valid memory swappiness range is 0-100`);
}

function checkCpu(asked: Resources): void {
  const { NanoCpus, CpuPeriod, CpuQuota, CpuShares, CpusetCpus, CpusetMems } = asked;
  if (NanoCpus < 0) refuse('Range of CPUs is from 0.01 to 1.00, as there are only 1 CPUs available');
  if (NanoCpus > 0 && CpuPeriod > 0) refuse('Conflicting options: Nano CPUs and CPU Period cannot both be set');
  if (NanoCpus > 0 && CpuQuota > 0) refuse('Conflicting options: Nano CPUs and CPU Quota cannot both be set');
  if (CpuShares < 0) refuse(`invalid CPU shares (${CpuShares}): value must be a positive integer`);
  if (CpuPeriod !== 0 && (CpuPeriod < PERIOD_MIN || CpuPeriod > PERIOD_MAX))
    refuse('CPU cfs period can not be less than 1ms (i.e. 1000) or larger than 1s (i.e. 1000000)');
  if (CpuQuota > 0 && CpuQuota < PERIOD_MIN) refuse('CPU cfs quota can not be less than 1ms (i.e. 1000)');
  if (asked.CpuRealtimePeriod !== 0 || asked.CpuRealtimeRuntime !== 0)
    refuse('kernel does not support CPU real-time scheduler');
  checkList('cpus', 'CPUs', CpusetCpus);
  checkList('mems', 'memory nodes', CpusetMems);
}

function checkList(name: string, what: string, list: string): void {
  if (list === '') return;
  if (!LIST.test(list)) refuse(`Invalid value ${list} for cpuset ${name}`);
  if (list.split(/[,-]/).some((number) => Number(number) > 0))
    refuse(`Requested ${what} are not available - requested ${list}, available: ${AVAILABLE}`);
}

/** Of what has been checked. */
export function resourcesOf(asked: Resources): ResourcesSpec {
  const { NanoCpus, CpuQuota, CpuPeriod, CpuShares, CpusetCpus, CpusetMems, Memory, MemoryReservation } = asked;
  const bandwidth =
    NanoCpus > 0
      ? { period: PERIOD, quota: Math.max(PERIOD_MIN, Math.round((NanoCpus * PERIOD) / 1e9)) }
      : { ...(CpuQuota && { quota: CpuQuota }), ...(CpuPeriod && { period: CpuPeriod }) };
  return {
    memory: {
      ...(Memory > 0 && { limit: Memory }),
      ...(MemoryReservation > 0 && { reservation: MemoryReservation }),
    },
    cpu: {
      ...(CpuShares > 0 && { shares: CpuShares }),
      ...bandwidth,
      ...(CpusetCpus && { cpus: CpusetCpus }),
      ...(CpusetMems && { mems: CpusetMems }),
    },
    blockIO: blockIoOf(asked),
    ...(asked.PidsLimit !== null && { pids: { limit: asked.PidsLimit > 0 ? asked.PidsLimit : -1 } }),
  };
}

const isGiven = (value: unknown): boolean =>
  value !== 0 && value !== '' && value !== null && !(Array.isArray(value) && value.length === 0);

/** What is asked for instead of what there was; zeros and nothings ask for nothing. Throws Conflict. */
export function changedResources(now: Resources, asked: Resources): Partial<Resources> {
  const conflict = (one: string, other: string): never => {
    throw new Conflict(`Conflicting options: ${one} cannot be updated as ${other} has already been set`);
  };
  if (asked.NanoCpus > 0 && now.CpuPeriod > 0) conflict('Nano CPUs', 'CPU Period');
  if (asked.NanoCpus > 0 && now.CpuQuota > 0) conflict('Nano CPUs', 'CPU Quota');
  if (asked.CpuPeriod > 0 && now.NanoCpus > 0) conflict('CPU Period', 'NanoCPUs');
  if (asked.CpuQuota > 0 && now.NanoCpus > 0) conflict('CPU Quota', 'NanoCPUs');
  if (now.MemorySwap > 0 && asked.Memory > now.MemorySwap && asked.MemorySwap === 0)
    throw new Conflict(
      'Memory limit should be smaller than already set memoryswap limit, update the memoryswap at the same time',
    );
  return Object.fromEntries(Object.entries(asked).filter(([, value]) => isGiven(value)));
}
