// Devices of the node that a container is given besides those that all have.
// Docker docs, "docker container run", --device; Linux Documentation/admin-guide/devices.txt.
import type { LinuxSpec, ResourcesSpec } from '../base/runtime-spec.js';
import { InvalidParameter } from './errors.js';
import { Members } from './json-members.js';

export interface DeviceMapping {
  PathOnHost: string;
  PathInContainer: string;
  CgroupPermissions: string;
}

/** What a node has: character devices, by Linux's numbers. */
const NODE_DEVICES: Readonly<Record<string, readonly [major: number, minor: number]>> = {
  '/dev/null': [1, 3],
  '/dev/zero': [1, 5],
  '/dev/full': [1, 7],
  '/dev/random': [1, 8],
  '/dev/urandom': [1, 9],
  '/dev/kmsg': [1, 11],
  '/dev/tty': [5, 0],
};

export function parseDevices(host: Members): DeviceMapping[] {
  return host.list('Devices').map((item) => {
    const device = new Members(item, 'HostConfig.Devices');
    const PathOnHost = device.text('PathOnHost');
    return {
      PathOnHost,
      PathInContainer: device.text('PathInContainer') || PathOnHost,
      CgroupPermissions: device.text('CgroupPermissions') || 'rwm',
    };
  });
}

type Rules = NonNullable<ResourcesSpec['devices']>;

/** `text`: as "c 42:* rmw". Throws InvalidParameter. */
function ruleOf(text: string): Rules[number] {
  const match = /^([acb]) (\d{1,7}|\*):(\d{1,7}|\*) ([rwm]{1,3})$/.exec(text);
  if (!match) throw new InvalidParameter(`invalid device cgroup rule format: '${text}'`);
  const [, type, major, minor, access] = match;
  const numberOf = (part: string): number => (part === '*' ? -1 : Number(part));
  return { allow: true, type, major: numberOf(major!), minor: numberOf(minor!), access };
}

/** Their nodes, and the rules by which they, and what `rules` names, may be opened. Throws InvalidParameter. */
export function devicesOf(
  mappings: readonly DeviceMapping[],
  rules: readonly string[],
): {
  nodes: NonNullable<LinuxSpec['devices']>;
  rules: Rules;
} {
  const found = mappings.map(({ PathOnHost, PathInContainer, CgroupPermissions }) => {
    const numbers = Object.hasOwn(NODE_DEVICES, PathOnHost) ? NODE_DEVICES[PathOnHost] : undefined;
    if (!numbers)
      throw new InvalidParameter(
        `error gathering device information while adding custom device "${PathOnHost}": no such file or directory`,
      );
    if (!PathInContainer.startsWith('/') || !/^[rwm]{1,3}$/.test(CgroupPermissions))
      throw new InvalidParameter(`invalid device mapping: ${PathOnHost}:${PathInContainer}:${CgroupPermissions}`);
    const [major, minor] = numbers;
    return { path: PathInContainer, major, minor, access: CgroupPermissions };
  });
  return {
    nodes: found.map(({ path, major, minor }) => ({ type: 'c', path, major, minor, fileMode: 0o666 })),
    rules: [
      ...found.map(({ major, minor, access }) => ({ allow: true, type: 'c', major, minor, access })),
      ...rules.map(ruleOf),
    ],
  };
}
