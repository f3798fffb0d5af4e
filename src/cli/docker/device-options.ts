// Flags of `run` and `create` that ask for devices and for rates of disks. Docker docs, "docker container run"; Engine API, Resources.
import { Complaint } from './complaint.js';
import { type Flag, flag, parseBytes, type Values } from './flags.js';

export const DEVICE_FLAGS: readonly Flag[] = [
  flag('--blkio-weight-device', 'list', 'weight on a disk (/dev/vda:200)'),
  flag('--device', 'list', 'a device of the node (PATH[:PATH[:rwm]])'),
  flag('--device-cgroup-rule', 'list', 'devices that it may open ("c 1:* rwm")'),
  flag('--device-read-bps', 'list', 'bytes a second from a disk (/dev/vda:1mb)'),
  flag('--device-read-iops', 'list', 'reads a second from a disk'),
  flag('--device-write-bps', 'list', 'bytes a second to a disk'),
  flag('--device-write-iops', 'list', 'writes a second to a disk'),
  flag('--gpus', 'list', 'GPUs, of which there are none'),
];

const fail = (name: string, entry: string, why: string): never => {
  throw new Complaint(`invalid argument "${entry}" for "--${name}" flag: ${why}`, 125);
};

function ratesOf(values: Values, name: string, member: 'Rate' | 'Weight', sized: boolean): object[] {
  return values.list(name).map((entry) => {
    const [path = '', text = '', ...more] = entry.split(':');
    if (more.length > 0 || text === '') fail(name, entry, `bad format: ${entry}`);
    if (!path.startsWith('/dev/')) fail(name, entry, `bad format for device path: ${entry}`);
    const value = sized ? parseBytes(text) : /^\d{1,15}$/.test(text) ? Number(text) : undefined;
    if (value === undefined || value < 0)
      fail(name, entry, `invalid ${member.toLowerCase()} for device: ${entry}. Must be a positive integer`);
    return { Path: path, [member]: value };
  });
}

function deviceOf(entry: string): object {
  const [PathOnHost = '', second = '', third = '', ...more] = entry.split(':');
  if (more.length > 0 || PathOnHost === '') throw new Complaint(`invalid device specification: ${entry}`, 125);
  const isMode = (text: string): boolean => /^[rwm]{1,3}$/.test(text);
  if (third !== '' && !isMode(third)) throw new Complaint(`invalid device mode: ${third}`, 125);
  const onlyMode = third === '' && isMode(second);
  return {
    PathOnHost,
    PathInContainer: second === '' || onlyMode ? PathOnHost : second,
    CgroupPermissions: third || (onlyMode ? second : 'rwm'),
  };
}

const gpusOf = (entry: string): object => ({
  Driver: '',
  Count: entry === 'all' ? -1 : Number.parseInt(entry, 10) || 0,
  DeviceIDs: null,
  Capabilities: [['gpu']],
  Options: {},
});

/** Members of HostConfig. Throws Complaint. */
export const devicesIn = (values: Values): object => ({
  BlkioWeightDevice: ratesOf(values, 'blkio-weight-device', 'Weight', false),
  BlkioDeviceReadBps: ratesOf(values, 'device-read-bps', 'Rate', true),
  BlkioDeviceWriteBps: ratesOf(values, 'device-write-bps', 'Rate', true),
  BlkioDeviceReadIOps: ratesOf(values, 'device-read-iops', 'Rate', false),
  BlkioDeviceWriteIOps: ratesOf(values, 'device-write-iops', 'Rate', false),
  Devices: values.list('device').map(deviceOf),
  DeviceCgroupRules: values.list('device-cgroup-rule'),
  DeviceRequests: values.list('gpus').map(gpusOf),
});
