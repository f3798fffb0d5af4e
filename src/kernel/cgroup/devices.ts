// Which devices the tasks of a group may open and make nodes of: a list of rules, set by the host. cgroup v2 has no file for it: on Linux it
// is a program that hangs at the group. OCI runtime-spec, config-linux.md, "Allowed Device List"; Linux security/device_cgroup.c.
import { majorOf, minorOf } from '../abi/device-number.js';
import { EPERM } from '../abi/errno.js';
import { S_IFBLK, S_IFCHR, S_IFMT } from '../abi/stat.js';
import type { Cgroup } from './cgroup.js';

/** Bits of an access. */
export const DEVICE_READ = 1;
export const DEVICE_WRITE = 2;
export const DEVICE_MKNOD = 4;

export interface DeviceRule {
  allow: boolean;
  /** All, character devices, block devices. */
  type: 'a' | 'c' | 'b';
  /** Undefined: any. */
  major?: number;
  minor?: number;
  /** DEVICE_* bits that it is about; of others it says nothing. */
  access: number;
}

const ALL = DEVICE_READ | DEVICE_WRITE | DEVICE_MKNOD;
const allow = (type: 'c' | 'b', access: number, major?: number, minor?: number): DeviceRule => ({
  allow: true,
  type,
  major,
  minor,
  access,
});

/** What containers have: any node may be made, and opened those of memory, of terminals, and the sources of random numbers. */
export const CONTAINER_DEVICES: readonly DeviceRule[] = [
  { allow: false, type: 'a', access: ALL },
  allow('c', DEVICE_MKNOD),
  allow('b', DEVICE_MKNOD),
  ...[3, 5, 7, 8, 9].map((minor) => allow('c', ALL, 1, minor)),
  ...[0, 1, 2].map((minor) => allow('c', ALL, 5, minor)),
  allow('c', ALL, 136),
];

const FORM = /^(?:(allow|deny) )?(?:a|([abc]) (\*|\d{1,4}):(\*|\d{1,7}) ([rwm]{1,3}))$/;
const LETTERS = { r: DEVICE_READ, w: DEVICE_WRITE, m: DEVICE_MKNOD } as const;

/** '[allow|deny] TYPE MAJOR:MINOR ACCESS', as devices.allow of cgroup v1 has it; 'a' alone is all. Undefined: it is no rule. */
export function parseDeviceRule(text: string): DeviceRule | undefined {
  const match = FORM.exec(text.trim().replace(/\s+/g, ' '));
  if (!match) return undefined;
  const number = (field: string | undefined): number | undefined =>
    field === undefined || field === '*' ? undefined : Number(field);
  const [, verb, type = 'a', major, minor, letters = 'rwm'] = match;
  let access = 0;
  for (const letter of letters) access |= LETTERS[letter as keyof typeof LETTERS];
  return {
    allow: verb !== 'deny',
    type: type as DeviceRule['type'],
    major: number(major),
    minor: number(minor),
    access,
  };
}

/** Of each bit the last rule that speaks of it decides; what none speaks of is denied. */
function permitted(rules: readonly DeviceRule[], type: 'c' | 'b', device: number, wanted: number): boolean {
  let open = wanted;
  for (let i = rules.length - 1; i >= 0 && open !== 0; i--) {
    const { allow, type: of, major, minor, access } = rules[i]!;
    if ((access & open) === 0 || (of !== 'a' && of !== type)) continue;
    if ((major ?? majorOf(device)) !== majorOf(device) || (minor ?? minorOf(device)) !== minorOf(device)) continue;
    if (!allow) return false;
    open &= ~access;
  }
  return open === 0;
}

/** May the group's tasks do `wanted` (DEVICE_* bits) to a device? All lists from the group up must say so. 0, or -EPERM. */
export function permitsDevice(cgroup: Cgroup, mode: number, device: number, wanted: number): number {
  const type = (mode & S_IFMT) === S_IFCHR ? 'c' : (mode & S_IFMT) === S_IFBLK ? 'b' : undefined;
  // the device 0:0 is overlayfs's whiteout, and no device
  if (type === undefined || device === 0 || wanted === 0) return 0;
  for (let at: Cgroup | undefined = cgroup; at; at = at.parent)
    if (at.devices && !permitted(at.devices, type, device, wanted)) return -EPERM;
  return 0;
}
