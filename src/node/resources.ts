// What a container may use: OCI's resources as the files of its control group. Whatever a file takes, and when, is the controller's rule.
// OCI runtime-spec, config-linux.md, "Control groups"; runc's conversion of cgroup v1's values to v2's.
import type { BlockIoSpec, ResourcesSpec } from '../base/runtime-spec.js';
import { errnoName } from '../kernel/abi/errno.js';
import type { Cgroup } from '../kernel/cgroup/cgroup.js';
import { CgroupNamespace } from '../kernel/cgroup/cgroup-namespace.js';
import { CONTAINER_DEVICES, type DeviceRule, parseDeviceRule } from '../kernel/cgroup/devices.js';
import { CONTROLLER_NAMES } from '../kernel/cgroup/controllers.js';
import type { Kernel } from '../kernel/kernel.js';
import { PAGE_SIZE } from '../kernel/mm/frames.js';
import type { UserNamespace } from '../kernel/ns/user-namespace.js';
import type { Task } from '../kernel/task/task.js';
import { checked, Refusal } from './refusal.js';

const DEFAULT_PERIOD = 100_000;
const NAME_MAX = 255;

/** Shares 2 to 262144 are weights 1 to 10000. */
export function weightOf(shares: number): number {
  const given = Math.max(2, Math.min(262_144, shares));
  return 1 + Math.floor(((given - 2) * 9999) / 262_142);
}

const limit = (value: number): string => (value < 0 ? 'max' : String(value));

/** Names of files and what is written to them. */
export function controlsOf({ memory, cpu, pids, blockIO, unified }: ResourcesSpec): [file: string, text: string][] {
  const found: [string, string][] = [];
  if (memory?.limit) found.push(['memory.max', limit(memory.limit)]);
  if (memory?.reservation) found.push(['memory.low', limit(memory.reservation)]);
  if (cpu?.shares) found.push(['cpu.weight', String(weightOf(cpu.shares))]);
  if (cpu?.quota || cpu?.period) {
    const period = cpu.period || DEFAULT_PERIOD;
    found.push(['cpu.max', `${cpu.quota && cpu.quota > 0 ? cpu.quota : 'max'} ${period}`]);
  }
  if (cpu?.burst) found.push(['cpu.max.burst', String(cpu.burst)]);
  // last, for one that idles has no weight
  if (cpu?.idle !== undefined) found.push(['cpu.idle', String(cpu.idle)]);
  if (cpu?.cpus) found.push(['cpuset.cpus', cpu.cpus]);
  if (cpu?.mems) found.push(['cpuset.mems', cpu.mems]);
  if (pids?.limit) found.push(['pids.max', limit(pids.limit)]);
  return [...found, ...(blockIO ? ioControlsOf(blockIO) : []), ...Object.entries(unified ?? {})];
}

/** Weights 10 to 1000 are 1 to 10000. */
const ioWeightOf = (weight: number): number =>
  1 + Math.floor(((Math.max(10, Math.min(1000, weight)) - 10) * 9999) / 990);

function ioControlsOf(io: BlockIoSpec): [file: string, text: string][] {
  const found: [string, string][] = [];
  if (io.weight) found.push(['io.weight', `default ${ioWeightOf(io.weight)}`]);
  for (const { major, minor, weight } of io.weightDevice ?? [])
    if (weight) found.push(['io.weight', `${major}:${minor} ${ioWeightOf(weight)}`]);
  const limits = [
    ['rbps', io.throttleReadBpsDevice],
    ['wbps', io.throttleWriteBpsDevice],
    ['riops', io.throttleReadIOPSDevice],
    ['wiops', io.throttleWriteIOPSDevice],
  ] as const;
  for (const [name, devices] of limits)
    for (const { major, minor, rate } of devices ?? [])
      found.push(['io.max', `${major}:${minor} ${name}=${rate > 0 ? rate : 'max'}`]);
  return found;
}

/** A group at `path` below the root, which is root's of `owner`; groups on its way are made. Throws Refusal. */
export function makeGroup(kernel: Kernel, path: string, owner: UserNamespace): Cgroup {
  const { cgroups } = kernel;
  let at = cgroups.root;
  const names = path.split(/[/:]/).filter(Boolean);
  for (const [i, name] of names.entries()) {
    if (name === '.' || name === '..' || name.length > NAME_MAX)
      throw new Refusal('invalid', `linux.cgroupsPath: '${path}' is no path of a group`);
    checked(`the control group ${path}`, cgroups.passOn(at, CONTROLLER_NAMES, []));
    const ids = i === names.length - 1 ? owner.rootIds : undefined;
    at = at.children.get(name) ?? checked(`the control group ${path}`, cgroups.create(at, name, ids));
  }
  return at;
}

/** The namespace of cgroups that has `cgroup` as its root. */
export function groupNamespace(kernel: Kernel, cgroup: Cgroup, owner: UserNamespace): CgroupNamespace {
  // inside, the group's own limits are not to be written
  kernel.cgroups.configure(kernel.cgroups.namespace, 'nsdelegate');
  return new CgroupNamespace(cgroup, owner);
}

type DeviceSpec = NonNullable<ResourcesSpec['devices']>[number];

function deviceRule({ allow, type = 'a', major = -1, minor = -1, access = 'rwm' }: DeviceSpec): DeviceRule {
  const number = (value: number): string => (value < 0 ? '*' : String(value));
  const text = `${allow ? 'allow' : 'deny'} ${type || 'a'} ${number(major)}:${number(minor)} ${access || 'rwm'}`;
  const rule = parseDeviceRule(text);
  if (!rule) throw new Refusal('invalid', `linux.resources.devices: '${text}' is no rule`);
  return rule;
}

/** What its tasks may do to devices; those that every container has come last, as with runc. Throws Refusal. */
export function setDevices(cgroup: Cgroup, devices: readonly DeviceSpec[] = []): void {
  const [none, ...usual] = CONTAINER_DEVICES;
  cgroup.devices = [none!, ...devices.map(deviceRule), ...usual];
}

const usageOf = ({ states }: Cgroup): number => (states.memory?.usage ?? 0) * PAGE_SIZE;

/** Sets limits; `task` is who writes. All are tried before the first that was refused is told. */
export function setResources(task: Task, cgroup: Cgroup, resources: ResourcesSpec): void {
  const { kernel } = task;
  const files = kernel.cgroups.filesOf(cgroup);
  const writer = { task, credentials: kernel.setup.credentials, namespace: kernel.cgroups.namespace };
  const { limit: most = 0, checkBeforeUpdate } = resources.memory ?? {};
  if (checkBeforeUpdate && most > 0 && most < usageOf(cgroup))
    throw new Refusal('invalid', `memory.max: ${most} is below the ${usageOf(cgroup)} bytes that are in use`);
  let refused: string | undefined;
  for (const [name, text] of controlsOf(resources)) {
    const file = files.find((one) => one.name === name);
    const result = file?.write ? file.write(cgroup, text, writer) : undefined;
    if (result === undefined) refused ??= `${name}: there is no such limit`;
    else if (result < 0) refused ??= `${name}: '${text}': ${errnoName(-result)}`;
  }
  if (refused !== undefined) throw new Refusal('invalid', refused);
}
